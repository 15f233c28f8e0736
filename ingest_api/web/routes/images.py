"""Images: upload, description and download."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from ingest_api.domain.expiry import LONGEST_EXPIRY_SECONDS
from ingest_api.reads.direct_route import DirectRoute
from ingest_api.reads.downloads import asks_for_all, image_response, page_cache_response
from ingest_api.reads.lookups import find_image, image_id_of
from ingest_api.services import utc_now
from ingest_api.uploads.receiving import EXPIRY_FIELD, FIELD, TAGS_FIELD, receive_form
from ingest_api.web.body_limit import UPLOAD_PATH
from ingest_api.web.routes.bodies import ImageBody, guarded, json_response
from ingest_api.web.routes.dependencies import Downloader, IdempotencyKey, Reader, Writer

router = APIRouter(tags=["images"])
reads = APIRouter(tags=["images"], route_class=DirectRoute)

ImageId = Annotated[str, Path(alias="id", description="The image's id, a UUID.", json_schema_extra={"format": "uuid"})]

_UPLOAD_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {
                        TAGS_FIELD: {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "Tags of all the images, as in a job request; before the files.",
                            "examples": ['{"shop": "berlin"}'],
                        },
                        EXPIRY_FIELD: {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": LONGEST_EXPIRY_SECONDS,
                            "description": "How long the images are kept; the settings may delete them earlier. "
                            "Before the files.",
                        },
                        FIELD: {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "contentMediaType": "application/octet-stream"},
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    UPLOAD_PATH,
    operation_id="uploadImages",
    summary="Upload one or more images",
    status_code=201,
    response_description="The images, in the order sent.",
    responses=guarded(
        _400="No image, a damaged header, an unsupported format, no part named `file`, invalid tags, or a form cut "
        "short.",
        _408="The upload took too long.",
        _413="A file, the number of files, the form, or an image's pixels are beyond the limit.",
        _410="What was made under the Idempotency-Key has been deleted.",
        _422="The Idempotency-Key was used for another request.",
        _503="Storage or database are away; nothing was stored.",
    ),
    openapi_extra=_UPLOAD_FORM,
)
async def upload_images(request: Request, writer: Writer, key: IdempotencyKey = None) -> list[ImageBody]:
    """Store every part named `file`, or none if one is refused."""
    services = writer.services
    async with receive_form(request, services.settings.limits, services.uploads) as form:
        images = await services.original_intake.store(
            form.files,
            owner=writer.caller.owner,
            key=writer.own(key),
            tags=form.tags,
            expires_in_seconds=form.expires_in_seconds,
        )
    return [ImageBody.of(image, services.url_of(image.id)) for image in images]


@reads.get(
    "/api/v1/image/{id}/metadata",
    operation_id="getImageMetadata",
    summary="Describe an image",
    response_model=ImageBody,
    responses=guarded(_404="Image not found", _503="The database is away."),
)
async def get_image_metadata(image_id: ImageId, reader: Reader) -> Response:
    """Describe an original or a variant."""
    services = reader.services
    kept = services.described_images
    if answer := kept.get(reader.cache_key(image_id)):
        return answer
    since = kept.now()
    image = await find_image(image_id, services.jobs, reader.caller)
    return kept.put(
        reader.cache_key(image_id), json_response(ImageBody.of(image, services.url_of(image.id))), since=since
    )


@reads.api_route(
    "/image/{id}",
    methods=["GET"],
    operation_id="getImage",
    summary="Download an image",
    response_class=Response,
    responses={
        200: {"description": "The bytes.", "content": {"image/*": {}}},
        206: {"description": "The bytes of the range asked for.", "content": {"image/*": {}}},
        302: {"description": "Where the bytes are, if the service redirects to S3."},
        304: {"description": "The caller's copy is still good."},
        **guarded(
            _403="The API key does not allow this, or the URL's signature is invalid or has expired.",
            _404="Image not found",
            _412="The image is not the version that `If-Match` or `If-Unmodified-Since` asks for.",
            _416="The image has no such range of bytes.",
            _503="Storage or database are away.",
        ),
    },
)
@reads.api_route("/image/{id}", methods=["HEAD"], include_in_schema=False)
async def get_image(request: Request, image_id: ImageId, download: Downloader) -> Response:
    """Send the bytes of an original or a variant; they never change. A signed URL needs no API key."""
    services, answers = download.services, download.services.small_downloads
    key = download.cache_key(image_id) if asks_for_all(request) else None
    if key and (answer := answers.get(key)):
        return answer
    since = answers.now()
    image = await find_image(image_id, services.jobs, download.caller)
    policy = download.policy.ending(image.expires_at, at=utc_now())
    if key and (answer := page_cache_response(services.blobs, image, policy)):
        return answers.put(key, answer, since=since)
    return await image_response(
        services.blobs, image, request.headers, request.method, policy, as_download=download.as_download
    )


@router.delete(
    "/api/v1/images/{id}",
    operation_id="deleteImage",
    summary="Delete an image",
    status_code=204,
    response_description="The image is deleted, now or before.",
    responses=guarded(_404="Image not found: it never was.", _503="The database is away; nothing was deleted."),
)
async def delete_image(image_id: ImageId, writer: Writer) -> None:
    """Delete an original or a variant, and all that was made from it; cancel the unfinished jobs on it.

    Jobs on it are refused from now on. Caches answer it for ten seconds at most; its bytes go within seconds.
    """
    await writer.services.deletion.delete(image_id_of(image_id), caller=writer.caller)
