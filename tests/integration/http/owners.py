"""An API with the keys of two owners, and what one of them has stored there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from common.settings.access import AccessSettings
from common.settings.model import Settings
from ingest_api.access.keys import hash_key
from tests.factories import images
from tests.integration.http.test_images import form
from tests.services.api import Api, running_api

ENTRIES = {
    "shop": "shop:write",
    "shop-site": "shop-site:read",
    "press": "press:write",
    "boss": "boss:admin",
}
"""The keys by their names; shop-site belongs to shop."""
OF_SHOP = {"shop-site"}
SIGNING_KEYS = "new-signing-key-of-32-characters,old-signing-key-of-32-characters"


def headers_of(name: str, **more: str) -> dict[str, str]:
    """Return the headers of a request with the key of *name*."""
    return {"X-API-Key": f"key-of-{name}", **more}


def entry_of(name: str) -> str:
    """Return the configured entry of *name*'s key."""
    owner = ":shop" if name in OF_SHOP else ""
    return f"{ENTRIES[name]}:{hash_key(f'key-of-{name}')}{owner}"


@asynccontextmanager
async def api_with_owners(settings: Settings, **access: Any) -> AsyncIterator[Api]:
    """Serve an API that asks for keys."""
    keys = {"api_keys": ",".join(entry_of(name) for name in ENTRIES), "url_signing_keys": SIGNING_KEYS}
    guarded = AccessSettings.model_validate(keys | access)
    async with running_api(settings.model_copy(update={"access": guarded})) as api:
        yield api


@dataclass(frozen=True)
class Belongings:
    """The ids of what an owner has."""

    image: str
    job: str
    batch: str = ""
    job_of_batch: str = ""

    def ids(self) -> set[str]:
        """Return all of them."""
        return {self.image, self.job, self.batch, self.job_of_batch} - {""}


async def upload(api: Api, name: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None) -> str:
    """Upload an image with the key of *name*; return its id."""
    sent = headers_of(name, **(headers or {}))
    answer = await api.http.post("/api/v1/images", files=form(content or images.photo()), headers=sent)
    assert answer.status_code == 201, answer.text
    return str(answer.json()[0]["id"])


async def belongings_of(api: Api, name: str) -> Belongings:
    """Store an image, and ask for a job and a batch, with the key of *name*; return what was made."""
    image = await upload(api, name)
    body = {"originalID": image, "options": [{"format": "png"}]}
    answer = await api.http.post("/api/v1/job", json=body, headers=headers_of(name))
    assert answer.status_code == 201, answer.text
    batch = await api.http.post("/api/v1/batches", json={"jobs": [body]}, headers=headers_of(name))
    assert batch.status_code == 201, batch.text
    batch_id = str(batch.json()["id"])
    (job_of_batch,) = (await api.http.get(f"/api/v1/jobs?batchID={batch_id}", headers=headers_of(name))).json()["items"]
    return Belongings(image, str(answer.json()["id"]), batch_id, str(job_of_batch["id"]))
