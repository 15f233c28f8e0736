"""Whether the process runs, and whether it can do its work."""

from fastapi import APIRouter, Request, Response

from ingest_api.web.routes.bodies import HealthBody, ReadinessBody
from ingest_api.web.routes.dependencies import services_of

router = APIRouter(tags=["health"])


@router.get("/api/v1/health", operation_id="getHealth", summary="Whether the API runs")
async def get_health() -> HealthBody:
    """Answer, which is all there is to say."""
    return HealthBody()


@router.get("/livez", operation_id="getLiveness", summary="Whether the process should be left alone")
async def get_liveness() -> HealthBody:
    """Answer as long as the event loop turns; dependencies do not matter here."""
    return HealthBody()


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Whether the API can do its work",
    response_model_exclude_none=True,
    responses={503: {"model": ReadinessBody, "description": "Database or storage are away."}},
)
async def get_readiness(request: Request, response: Response) -> ReadinessBody:
    """Tell how each dependency was when last looked at. Kafka may be away: accepted jobs wait in the outbox.

    `degraded`, still with 200, while the outbox is stuck: requests are served, but jobs do not go on.
    """
    readiness = services_of(request).readiness
    response.status_code = 200 if readiness.is_ready else 503
    return ReadinessBody(
        status=readiness.status, dependencies=dict(readiness.dependencies), outbox=readiness.stuck_outbox
    )
