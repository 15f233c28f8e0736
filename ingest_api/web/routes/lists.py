"""Lists of images and jobs, newest first, in pages."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ingest_api.domain.caller import Caller
from ingest_api.domain.job import JobState
from ingest_api.domain.tags import MOST_TAGS, NAME_CHARACTERS, VALUE_CHARACTERS
from ingest_api.job_store.lists import PageRequest
from ingest_api.web.routes.bodies import ImageBody, ImagesBody, JobBody, JobsBody, guarded, json_response
from ingest_api.web.routes.dependencies import Reader

router = APIRouter()

_MOST = 200
_TAG = rf"^[^:\x00]{{1,{NAME_CHARACTERS}}}:[^\x00]{{0,{VALUE_CHARACTERS}}}$"


class ImageFilters(BaseModel):
    """Which images, and which page. An unknown filter is refused: it would have excluded something."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=_MOST, description="How many at most.")
    cursor: UUID | None = Field(None, description="Where to begin: `nextCursor` of the page before.")
    original_id: UUID | None = Field(None, alias="originalID", description="Variants of this original, or jobs on it.")

    tag: list[Annotated[str, Field(pattern=_TAG)]] = Field(
        default_factory=list,
        max_length=MOST_TAGS,
        description="Items with this tag, `name:value`; several: with each of them.",
    )

    def page(self, caller: Caller) -> PageRequest:
        """Return the page that *caller* may see."""
        owner = None if caller.sees_all else caller.owner
        tags = {name: value for name, _, value in (tag.partition(":") for tag in self.tag)}
        return PageRequest(limit=self.limit, before=self.cursor, owner=owner, original_id=self.original_id, tags=tags)


class JobFilters(ImageFilters):
    """Which jobs, and which page."""

    status: JobState | None = None
    batch_id: UUID | None = Field(None, alias="batchID", description="Jobs of this batch.")
    code: str | None = Field(None, pattern=r"^[a-z0-9_]{1,64}$", description="Why they failed.")

    def page(self, caller: Caller) -> PageRequest:
        """Return the page that *caller* may see."""
        return replace(super().page(caller), batch_id=self.batch_id)


@router.get(
    "/api/v1/images",
    tags=["images"],
    operation_id="listImages",
    summary="List images",
    response_model=ImagesBody,
    responses=guarded(_400="A parameter is invalid or unknown.", _503="The database is away."),
)
async def list_images(request: Request, filters: Annotated[ImageFilters, Query()], reader: Reader) -> Response:
    """Return originals and variants, newest first. `Link` has the next page."""
    services = reader.services
    page = await services.lists.images(filters.page(reader.caller))
    items = [ImageBody.of(image, services.url_of(image.id)) for image in page.items]
    return _page_response(request, ImagesBody(items=items, next_cursor=page.next_before))


@router.get(
    "/api/v1/jobs",
    tags=["jobs"],
    operation_id="listJobs",
    summary="List jobs",
    response_model=JobsBody,
    responses=guarded(_400="A parameter is invalid or unknown.", _503="The database is away."),
)
async def list_jobs(request: Request, filters: Annotated[JobFilters, Query()], reader: Reader) -> Response:
    """Return jobs, newest first; filters combine. `Link` has the next page."""
    services = reader.services
    page = await services.lists.jobs(filters.page(reader.caller), state=filters.status, code=filters.code)
    items = [JobBody.of(record, services.url_of) for record in page.items]
    return _page_response(request, JobsBody(items=items, next_cursor=page.next_before))


def _page_response(request: Request, body: ImagesBody | JobsBody) -> Response:
    """Return a page, with a link to the next one (RFC 8288), as a path: it works for any host name."""
    response = json_response(body)
    if body.next_cursor:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        parameters = [*asked, ("cursor", str(body.next_cursor))]
        response.headers["Link"] = f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'
    return response
