"""Whether the process runs, and whether it can do its work."""

from fastapi import APIRouter, Request, Response

from ingest_api.web.routes.bodies import HealthBody, ReadinessBody
from ingest_api.web.routes.dependencies import services_of

router = APIRouter(tags=["health"])


@router.get("/api/v1/health", operation_id="getHealth", summary="Whether the API runs")
async def get_health() -> HealthBody:
    """Answer while the process runs."""
    return HealthBody()


@router.get("/livez", operation_id="getLiveness", summary="Whether the process should be left alone")
async def get_liveness() -> HealthBody:
    """Answer while the event loop runs; dependencies do not matter here."""
    return HealthBody()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether the API can do its work",
    response_model_exclude_none=True,
    responses={503: {"model": ReadinessBody, "description": "Database or storage are away."}},
)
async def get_readiness(request: Request, response: Response) -> ReadinessBody:
    """Return the state of each dependency at its last check. Kafka may be away: accepted jobs wait in the outbox.

    `degraded`, still with 200, means that the outbox is stuck: requests are served, but jobs make no progress.
    """
    readiness = services_of(request).readiness
    response.status_code = 200 if readiness.is_ready else 503
    return ReadinessBody(
        status=readiness.status, dependencies=dict(readiness.dependencies), outbox=readiness.stuck_outbox
    )
