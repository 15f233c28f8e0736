"""A batch of bulk jobs through the whole service, as a client without Kafka and one with it see it."""

import httpx

from tests.e2e.test_first_session import records_on, uploaded
from tests.factories import images
from tests.services.icecube import RunningIcecube


def test_a_batch_of_bulk_jobs_ends_and_is_announced(icecube: RunningIcecube) -> None:
    """Each of its jobs is done by a real processor, can be waited for, and names its batch; the event counts them."""
    with httpx.Client(base_url=icecube.api, timeout=90) as http:
        original = uploaded(http, images.photo())
        jobs = [
            {
                "originalID": original,
                "options": [{"maxDimension": side}],
                "priority": "bulk",
                "tags": {"side": str(side)},
            }
            for side in range(40, 60)
        ]
        batch = http.post("/api/v1/batches", json={"jobs": jobs, "tags": {"season": "autumn"}}).json()["id"]
        listed = http.get("/api/v1/jobs", params={"batchID": batch, "limit": 200}).json()["items"]
        ended = [http.get(f"/api/v1/job/{job['id']}", headers={"Prefer": "wait=60"}).json() for job in listed]
        shown = http.get(f"/api/v1/batches/{batch}").json()
        (by_tag,) = http.get("/api/v1/jobs", params={"batchID": batch, "tag": "side:41"}).json()["items"]

    assert [job["status"] for job in ended] == ["completed"] * 20
    assert {job["priority"] for job in ended} == {"bulk"}
    assert by_tag["tags"] == {"side": "41"}
    assert shown["counts"]["completed"] == 20
    assert shown["endedAt"]
    event = next(record for record in records_on("icecube.events", icecube) if record.get("batchId") == batch)
    assert (event["total"], event["counts"], event["tags"]) == (20, {"completed": 20}, {"season": "autumn"})
