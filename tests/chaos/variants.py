"""Whether the variants of completed jobs can be had and seen."""

import io
import json
from collections.abc import Sequence

import httpx
from PIL import Image, UnidentifiedImageError

from tests.chaos.database import JobRow


async def unreadable_variants(urls: Sequence[str], jobs: Sequence[JobRow]) -> list[str]:
    """Return the variants of completed jobs that cannot be downloaded and decoded."""
    made = [task["variantId"] for row in jobs if row.state == "completed" for task in json.loads(row.tasks)]
    async with httpx.AsyncClient(base_url=urls[0], timeout=30) as http:
        complaints = [await _complaint(http, variant_id) for variant_id in made]
    return [complaint for complaint in complaints if complaint]


async def _complaint(http: httpx.AsyncClient, variant_id: str) -> str | None:
    answer = await http.get(f"/image/{variant_id}")
    if answer.status_code != httpx.codes.OK:
        return f"{variant_id} is answered {answer.status_code}"
    try:
        Image.open(io.BytesIO(answer.content)).load()
    except (UnidentifiedImageError, OSError) as exc:
        return f"{variant_id} cannot be decoded: {exc}"
    return None
