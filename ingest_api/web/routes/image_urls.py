"""Signed URLs: they let somebody without a key download one image."""

from datetime import timedelta

from fastapi import APIRouter

from ingest_api.reads.lookups import SigningNotConfiguredError, find_image
from ingest_api.services import utc_now
from ingest_api.web.json_bodies import JsonRoute
from ingest_api.web.routes.bodies import SignedUrlBody, UrlRequestBody, guarded
from ingest_api.web.routes.dependencies import Reader
from ingest_api.web.routes.images import ImageId

router = APIRouter(tags=["images"], route_class=JsonRoute)


@router.post(
    "/api/v1/images/{id}/url",
    operation_id="signImageUrl",
    summary="Make a URL that opens an image without a key",
    responses=guarded(
        _400="A field is invalid or missing; the answer names it.",
        _404="Image not found",
        _409="No keys to sign URLs with are configured.",
        _413="The body is too long.",
        _415="The body does not say that it is JSON.",
        _503="The database is away.",
    ),
)
async def sign_image_url(body: UrlRequestBody, image_id: ImageId, reader: Reader) -> SignedUrlBody:
    """Sign a URL for an image that the caller may see: whoever has it may download the image until it expires."""
    services = reader.services
    image = await find_image(image_id, services.jobs, reader.caller)
    if not services.urls.keys:
        raise SigningNotConfiguredError
    expires_at = (utc_now() + timedelta(seconds=body.expires_in_seconds)).replace(microsecond=0)
    url = services.urls.signed(image.id, expires_at=expires_at, as_download=body.download)
    return SignedUrlBody(url=url, expires_at=expires_at)
