"""What a person sees and does in the console."""

import re
from pathlib import Path
from typing import Literal

import httpx
import pytest
import skimage
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.factories import images
from tests.services.icecube import RunningIcecube

PHOTO = Path(skimage.__file__).parent / "data" / "astronaut.png"  # 512 by 512 pixels
WORK_MS = 60_000


def choose(console: Page, *files: Path) -> None:
    """Choose *files* in the page, as in the browser's own dialogue."""
    console.get_by_label("Choose photos").set_input_files(files)


def test_a_photo_becomes_a_variant(console: Page) -> None:
    """A chosen photo is shown beside its variant, with the sizes of both and what was saved."""
    console.get_by_label("Format").select_option("webp")
    console.get_by_label("Longest side").fill("200")

    choose(console, PHOTO)

    job = console.get_by_role("listitem").filter(has_text=PHOTO.name)
    expect(job).to_contain_text("Done", timeout=WORK_MS)
    expect(job.locator(".original")).to_contain_text(re.compile(r"512\s.\s512 · PNG · 7\d\d\skB"))
    expect(job.locator(".variant")).to_contain_text(re.compile(r"200\s.\s200 · WebP · [\d.]+\skB"))
    expect(job).to_contain_text(re.compile(r"9\d % smaller"))
    expect(job.get_by_role("img", name="the variant")).to_have_js_property("naturalWidth", 200)


def test_the_download_is_the_variant(console: Page, tmp_path: Path) -> None:
    """The download link saves the variant's bytes under the photo's name and the variant's extension."""
    console.get_by_label("Format").select_option("jpeg")
    choose(console, PHOTO)
    link = console.get_by_role("link", name="Download the variant")

    with console.expect_download(timeout=WORK_MS) as download:
        link.click(timeout=WORK_MS)

    download.value.save_as(tmp_path / "saved")
    assert download.value.suggested_filename == "astronaut.jpeg"
    assert (tmp_path / "saved").read_bytes().startswith(b"\xff\xd8")


def test_a_text_file_is_refused_in_the_words_of_the_api(console: Page, icecube: RunningIcecube, tmp_path: Path) -> None:
    """The reason on the page is the API's `error`, letter by letter; and there is nothing to download."""
    text = tmp_path / "notes.jpg"
    text.write_text("Not a photo.\n")

    choose(console, text)

    answer = httpx.post(f"{icecube.api}/api/v1/images", files={"file": (text.name, text.read_bytes())})
    job = console.get_by_role("listitem").filter(has_text=text.name)
    expect(job.locator(".error")).to_have_text(answer.json()["error"], timeout=WORK_MS)
    expect(job).to_contain_text("Failed")
    expect(job.get_by_role("link")).to_have_count(0)


def test_a_photo_cut_short_fails_for_the_reason_the_api_gives(
    console: Page, icecube: RunningIcecube, tmp_path: Path
) -> None:
    """A job that fails shows its `reason`, letter by letter."""
    photo = tmp_path / "cut.jpg"
    photo.write_bytes(images.photo()[:-2000])

    with console.expect_response("**/api/v1/job", timeout=WORK_MS) as answer:
        choose(console, photo)

    card = console.locator("[data-state=failed]")
    expect(card).to_contain_text(photo.name, timeout=WORK_MS)
    job = httpx.get(f"{icecube.api}/api/v1/job/{answer.value.json()['id']}").json()
    assert job["status"] == "failed"
    expect(card.locator(".error")).to_have_text(job["reason"])


def test_a_photo_that_did_not_get_through_can_be_sent_again(console: Page) -> None:
    """With the service out of reach the page says so, and once it is back the same photo goes through."""
    console.context.set_offline(True)
    choose(console, PHOTO)
    job = console.get_by_role("listitem").filter(has_text=PHOTO.name)
    expect(job.locator(".error")).to_have_text("The service does not answer.")

    console.context.set_offline(False)
    job.get_by_role("button", name="Make again").click()

    expect(job).to_contain_text("Done", timeout=WORK_MS)
    expect(job.locator(".error")).to_be_hidden()


def test_one_bad_file_does_not_stop_the_others(console: Page, tmp_path: Path) -> None:
    """Of several files chosen at once, each goes its own way."""
    text = tmp_path / "notes.jpg"
    text.write_text("Not a photo.\n")

    choose(console, text, PHOTO)

    expect(console.locator("[data-state=failed]")).to_contain_text(text.name, timeout=WORK_MS)
    expect(console.locator("[data-state=completed]")).to_contain_text(PHOTO.name, timeout=WORK_MS)


def test_a_photo_can_be_made_again(console: Page) -> None:
    """Another variant is made with the options as they are now, without sending the photo again."""
    uploads: list[str] = []
    console.on("request", lambda request: uploads.append(request.url) if request.url.endswith("/images") else None)
    choose(console, PHOTO)
    job = console.get_by_role("listitem").filter(has_text=PHOTO.name)
    expect(job).to_contain_text("Done", timeout=WORK_MS)

    console.get_by_label("Longest side").fill("64")
    again = job.get_by_role("button", name="Make again")
    again.click()

    expect(again).to_be_focused()
    expect(job.locator(".variant")).to_contain_text(re.compile(r"64\s.\s64"), timeout=WORK_MS)
    assert len(uploads) == 1


def test_a_wrong_size_is_caught_before_anything_is_sent(console: Page) -> None:
    """A size that the API would refuse is pointed out at its field, and no photo is taken."""
    console.get_by_label("Longest side").fill("99999")

    choose(console, PHOTO)

    expect(console.locator("input:invalid")).to_have_attribute("name", "maxDimension")
    expect(console.get_by_role("list", name="Photos").get_by_role("listitem")).to_have_count(0)


def test_the_keyboard_is_enough(console: Page) -> None:
    """Tab reaches the file chooser and every option, in reading order."""
    reached = []
    for _ in range(6):
        console.keyboard.press("Tab")
        reached.append(console.evaluate("() => document.activeElement.id || document.activeElement.name || 'link'"))

    assert reached == ["link", "photos", "format", "maxDimension", "quality", "keepMetadata"]


def test_the_status_line_tells_how_the_service_is(console: Page) -> None:
    """The line beside the name says what `/readyz` says."""
    line = console.get_by_text("Service ready")

    expect(line).to_contain_text("database ok, storage ok, kafka ok", timeout=WORK_MS)


def test_nothing_is_cut_off_on_a_phone(console: Page) -> None:
    """At phone width nothing has to be scrolled to from side to side, a finished job included."""
    console.set_viewport_size({"width": 360, "height": 740})

    choose(console, PHOTO)

    expect(console.locator("[data-state=completed]")).to_contain_text(PHOTO.name, timeout=WORK_MS)
    assert console.evaluate("() => document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(console: Page, scheme: Literal["light", "dark"], tmp_path: Path) -> None:
    """In light and in dark, with a finished and a failed job, axe finds nothing: contrast, names, landmarks, roles."""
    text = tmp_path / "notes.jpg"
    text.write_text("Not a photo.\n")
    console.emulate_media(color_scheme=scheme)
    choose(console, PHOTO, text)
    expect(console.locator("[data-state=failed]")).to_contain_text(text.name, timeout=WORK_MS)
    expect(console.locator("[data-state=completed]")).to_contain_text(PHOTO.name, timeout=WORK_MS)

    found = Axe().run(console)

    assert found.violations_count == 0, found.generate_report()
