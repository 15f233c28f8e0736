"""Batches: many jobs in one request."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from ingest_api.domain.batch import MOST_JOBS
from ingest_api.intake.job_request import TooManyTasksError
from ingest_api.reads.lookups import find_batch
from ingest_api.web.json_bodies import JsonRoute, UnreadableBodyError, check_shape
from ingest_api.web.routes.bodies import (
    AcceptedBatchBody,
    BatchBody,
    BatchRequestBody,
    guarded,
    json_response,
)
from ingest_api.web.routes.dependencies import IdempotencyKey, Reader, Writer, services_of

_MAX_VALUES = 64 * MOST_JOBS


class _BatchRequestRoute(JsonRoute):
    """Counts jobs and tasks before it validates them."""

    def check(self, request: Request, value: Any) -> None:
        jobs = value.get("jobs") if isinstance(value, dict) else None
        if isinstance(jobs, list):
            _check_counts(jobs, services_of(request).settings.limits.tasks)
        check_shape(value, max_values=_MAX_VALUES)


def _check_counts(jobs: list[Any], most_tasks: int) -> None:
    if len(jobs) > MOST_JOBS:
        message = f"has {len(jobs)} jobs; a batch may have {MOST_JOBS} at most"
        raise UnreadableBodyError(message)
    for place, job in enumerate(jobs):
        options = job.get("options") if isinstance(job, dict) else None
        if isinstance(options, list) and len(options) > most_tasks:
            raise TooManyTasksError(most_tasks, found=len(options), place=f"jobs[{place}].options")


router = APIRouter(tags=["batches"], route_class=_BatchRequestRoute)
acts = APIRouter(tags=["batches"])

BatchId = Annotated[str, Path(alias="id", description="The batch's id, a UUID.", json_schema_extra={"format": "uuid"})]


@router.post(
    "/api/v1/batches",
    operation_id="createBatch",
    summary="Ask for many jobs at once",
    status_code=201,
    response_model=AcceptedBatchBody,
    responses=guarded(
        _400="A field is invalid, missing or empty; the answer names it.",
        _404="A job's image is not found; the answer names it.",
        _422="The Idempotency-Key was used for another request.",
        _415="The body does not say that it is JSON.",
        _413="The body is longer than 1 MB: make two batches of it.",
        _503="The database is away; nothing was accepted.",
    ),
)
async def create_batch(body: BatchRequestBody, writer: Writer, key: IdempotencyKey = None) -> Response:
    """Accept all jobs, or none. When the last one has ended, `batch.completed` is announced once."""
    writer.services.admission.check_job()
    requests = [job.as_request() for job in body.jobs]
    accepted = await writer.services.batch_intake.accept(
        requests, tags=body.tags, caller=writer.caller, key=writer.own(key)
    )
    response = json_response(AcceptedBatchBody(id=accepted.id, total=accepted.total), HTTPStatus.CREATED)
    response.headers["Location"] = f"/api/v1/batches/{accepted.id}"
    return response


@acts.get(
    "/api/v1/batches/{id}",
    operation_id="getBatch",
    summary="Look at a batch",
    response_model=BatchBody,
    responses=guarded(_404="Batch not found", _503="The database is away."),
)
async def get_batch(batch_id: BatchId, reader: Reader) -> Response:
    """Return how many of its jobs are in each state; `GET /api/v1/jobs?batchID=` lists them."""
    return json_response(BatchBody.of(await find_batch(batch_id, reader.services.batches, reader.caller)))


@acts.post(
    "/api/v1/batches/{id}/cancel",
    operation_id="cancelBatch",
    summary="Cancel what is unfinished in a batch",
    response_model=BatchBody,
    responses=guarded(_404="Batch not found", _409="The batch has ended.", _503="The database is away; ask again."),
)
async def cancel_batch(batch_id: BatchId, writer: Writer) -> Response:
    """Cancel each of its jobs that has not ended, and end the batch by that."""
    services = writer.services
    batch = await find_batch(batch_id, services.batches, writer.caller)
    return json_response(BatchBody.of(await services.batch_cancellation.cancel(batch, caller=writer.caller)))


@acts.delete(
    "/api/v1/batches/{id}",
    operation_id="deleteBatch",
    summary="Delete a batch and what it has made",
    status_code=204,
    response_class=Response,
    responses=guarded(_404="Batch not found", _503="The database is away; ask again."),
)
async def delete_batch(batch_id: BatchId, writer: Writer) -> Response:
    """Cancel what is unfinished, delete the variants of all its jobs, then the batch. Originals and jobs stay."""
    services = writer.services
    batch = await find_batch(batch_id, services.batches, writer.caller, even_deleted=True)
    await services.batch_deletion.delete(batch, caller=writer.caller)
    return Response(status_code=HTTPStatus.NO_CONTENT)
