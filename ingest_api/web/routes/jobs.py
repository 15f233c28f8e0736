"""Jobs: asked for and looked at."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Response

from common.options import TaskOptions
from ingest_api.reads.lookups import find_job
from ingest_api.reads.straight import StraightRoute
from ingest_api.web.routes.bodies import JobBody, JobRequestBody, guarded, json_response
from ingest_api.web.routes.dependencies import IdempotencyKey, Reader, Writer

router = APIRouter(tags=["jobs"])
reads = APIRouter(tags=["jobs"], route_class=StraightRoute)

JobId = Annotated[str, Path(alias="id", description="The job's id, a UUID.", json_schema_extra={"format": "uuid"})]


@router.post(
    "/api/v1/job",
    operation_id="createJob",
    summary="Ask for variants of an image",
    status_code=201,
    response_model=JobBody,
    responses=guarded(
        _400="A field is invalid, missing or empty; the answer names it.",
        _404="Image not found",
        _422="The Idempotency-Key was used for another request.",
        _413="The body is longer than any valid job.",
        _503="The database is away; nothing was accepted.",
    ),
)
async def create_job(body: JobRequestBody, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Accept a job. Once this is answered, the job ends: completed, or failed with a reason."""
    writer.services.admission.check_job()
    options = [TaskOptions.of(asked) for asked in body.options]
    accepted = await writer.services.job_intake.accept(body.original_id, options, key=writer.own(key))
    return json_response(JobBody.of(accepted), HTTPStatus.CREATED)


@reads.get(
    "/api/v1/job/{id}",
    operation_id="getJob",
    summary="Look at a job",
    response_model=JobBody,
    responses=guarded(_404="Job not found", _503="The database is away."),
)
async def get_job(job_id: JobId, reader: Reader) -> Response:
    """Return the job as last committed."""
    kept = reader.services.ended_jobs
    if answer := kept.get(job_id):
        return answer
    record = await find_job(job_id, reader.services.jobs)
    answer = json_response(JobBody.of(record))
    # Nothing leaves an end, and nobody deletes jobs.
    return kept.put(job_id, answer) if record.job.has_ended else answer
