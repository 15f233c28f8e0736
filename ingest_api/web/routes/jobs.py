"""Jobs: request and status."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from common.options import TaskOptions
from ingest_api.intake.jobs import TooManyTasksError
from ingest_api.reads.direct_route import DirectRoute
from ingest_api.reads.lookups import find_job
from ingest_api.web.json_bodies import MAX_VALUES, JsonRoute, check_shape
from ingest_api.web.routes.bodies import JobBody, JobRequestBody, guarded, json_response
from ingest_api.web.routes.dependencies import IdempotencyKey, Reader, Writer, services_of


class _JobRequestRoute(JsonRoute):
    """Counts the tasks of a job before it validates them."""

    def check(self, request: Request, value: Any) -> None:
        limit = services_of(request).settings.limits.tasks
        options = value.get("options") if isinstance(value, dict) else None
        if isinstance(options, list) and len(options) > limit:
            raise TooManyTasksError(limit, found=len(options))
        check_shape(value, max_values=max(MAX_VALUES, limit * _VALUES_OF_A_TASK))


_VALUES_OF_A_TASK = 64
"""More values than the options of a task can have."""

router = APIRouter(tags=["jobs"], route_class=_JobRequestRoute)
reads = APIRouter(tags=["jobs"], route_class=DirectRoute)

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
        _415="The body does not say that it is JSON.",
        _413="The body is longer than any valid job.",
        _503="The database is away; nothing was accepted.",
    ),
)
async def create_job(body: JobRequestBody, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Accept a job. After a 201 the job will end: completed, or failed with a reason."""
    writer.services.admission.check_job()
    options = [TaskOptions.of(asked) for asked in body.options]
    accepted = await writer.services.job_intake.accept(
        body.original_id, options, caller=writer.caller, key=writer.own(key)
    )
    response = json_response(JobBody.of(accepted, writer.services.url_of), HTTPStatus.CREATED)
    response.headers["Location"] = f"/api/v1/job/{accepted.job.id}"
    return response


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
    if answer := kept.get(reader.cache_key(job_id)):
        return answer
    since = kept.now()
    record = await find_job(job_id, reader.services.jobs, reader.caller)
    answer = json_response(JobBody.of(record, reader.services.url_of))
    # No job leaves a final state.
    return kept.put(reader.cache_key(job_id), answer, since=since) if record.job.has_ended else answer
