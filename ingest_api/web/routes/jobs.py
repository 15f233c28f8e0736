"""Jobs: request and status."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from ingest_api.intake.job_request import TooManyTasksError
from ingest_api.job_store import JobRecord
from ingest_api.reads.direct_route import DirectRoute
from ingest_api.reads.lookups import find_job
from ingest_api.services import Services
from ingest_api.web.json_bodies import MAX_VALUES, JsonRoute, check_shape
from ingest_api.web.preferences import PREFER_PARAMETER, Prefer, preferred_seconds, say_applied, wait_for_end
from ingest_api.web.routes.bodies import JobBody, JobRequestBody, guarded, json_response
from ingest_api.web.routes.dependencies import Admitted, IdempotencyKey, Reader, Writer, services_of


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
acts = APIRouter(tags=["jobs"])
"""What is done to a job by its address alone: a body is not read."""
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
        _410="What was made under the Idempotency-Key has been deleted.",
        _422="The Idempotency-Key was used for another request.",
        _415="The body does not say that it is JSON.",
        _413="The body is longer than any valid job.",
        _503="The database is away; nothing was accepted.",
    ),
)
async def create_job(
    request: Request, body: JobRequestBody, writer: Writer, key: IdempotencyKey = None, _: Prefer = None
) -> Response:
    """Accept a job. After a 201 the job will end: completed, or failed with a reason."""
    writer.services.admission.check_job()
    accepted = await writer.services.job_intake.accept(body.as_request(), caller=writer.caller, key=writer.own(key))
    ended, seconds = await _waited_for(request, accepted, writer)
    return say_applied(_created(ended, writer.services), seconds)


@acts.post(
    "/api/v1/jobs/{id}/cancel",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model=JobBody,
    responses=guarded(_404="Job not found", _409="The job has ended.", _503="The database is away."),
)
async def cancel_job(job_id: JobId, writer: Writer) -> Response:
    """End the job now. Its work stops soon; variants that were made by then are kept. Its end is announced."""
    services = writer.services
    record = await find_job(job_id, services.jobs, writer.caller)
    cancelled = await services.cancellation.cancel(record.job.id)
    return json_response(JobBody.of(cancelled, services.url_of))


@acts.post(
    "/api/v1/jobs/{id}/retry",
    operation_id="retryJob",
    summary="Ask again for the variants of a failed or cancelled job",
    status_code=201,
    response_model=JobBody,
    responses=guarded(
        _400="The Idempotency-Key is malformed.",
        _404="Job not found, or its original is gone.",
        _409="The job has neither failed nor been cancelled.",
        _410="What was made under the Idempotency-Key has been deleted.",
        _422="The Idempotency-Key was used for another request.",
        _503="The database is away; nothing was accepted.",
    ),
)
async def retry_job(job_id: JobId, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Accept a new job for the same tasks, with ids of its own; `retryOf` names the old one, which stays as it is."""
    services = writer.services
    services.admission.check_job()
    ended = await find_job(job_id, services.jobs, writer.caller)
    accepted = await services.job_intake.retry(ended, caller=writer.caller, key=writer.own(key))
    return _created(accepted, services)


async def _waited_for(request: Request, record: JobRecord, admitted: Admitted) -> tuple[JobRecord, int]:
    """Return the job once it has ended, or as it is when the preferred seconds are over, and those; 0 for none."""
    waits, seconds = admitted.services.job_waits, preferred_seconds(request)
    if not seconds or not waits.has_room:
        return record, 0
    if not record.job.has_ended:
        await wait_for_end(request, waits, record.job.id, seconds=seconds)
        record = await find_job(str(record.job.id), admitted.services.jobs, admitted.caller)
    return record, seconds


def _created(record: JobRecord, services: Services) -> Response:
    response = json_response(JobBody.of(record, services.url_of), HTTPStatus.CREATED)
    response.headers["Location"] = f"/api/v1/job/{record.job.id}"
    return response


@reads.get(
    "/api/v1/job/{id}",
    operation_id="getJob",
    summary="Look at a job",
    response_model=JobBody,
    responses=guarded(_404="Job not found", _503="The database is away."),
    openapi_extra={"parameters": [PREFER_PARAMETER]},
)
async def get_job(request: Request, job_id: JobId, reader: Reader) -> Response:
    """Return the job as last committed."""
    kept = reader.services.ended_jobs
    if answer := kept.get(reader.cache_key(job_id)):
        return answer
    since = kept.now()
    record = await find_job(job_id, reader.services.jobs, reader.caller)
    if preferred_seconds(request):
        # Not cached: the answer says what this request preferred.
        record, seconds = await _waited_for(request, record, reader)
        return say_applied(json_response(JobBody.of(record, reader.services.url_of)), seconds)
    answer = json_response(JobBody.of(record, reader.services.url_of))
    # No job leaves a final state.
    return kept.put(reader.cache_key(job_id), answer, since=since) if record.job.has_ended else answer
