"""The console's files, and that they say the same as the code about what can be asked for."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from common.formats import OUTPUT_FORMATS
from common.options.geometry import MAX_SIDE_PIXELS
from common.options.variant import DEFAULT_QUALITY
from ingest_api.console.page import router
from ingest_api.uploads.header_check.signatures import TAKEN

Attributes = dict[str, str | None]
FIELDS = ("input", "select")
FILES = ("/", "/console/console.css", "/console/console.js", "/console/icon.svg")


class Page(HTMLParser):
    """The page's elements, in order, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.text = ""
        self.fields_in_labels: list[Attributes] = []
        self._in_label = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the element."""
        self.elements.append((tag, dict(attrs)))
        self._in_label = self._in_label or tag == "label"
        if self._in_label and tag in FIELDS:
            self.fields_in_labels.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        """Leave the label."""
        self._in_label = self._in_label and tag != "label"

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data

    def all(self, tag: str) -> list[Attributes]:
        """Return the attributes of every element called *tag*."""
        return [attributes for name, attributes in self.elements if name == tag]

    def field(self, name: str) -> Attributes:
        """Return the attributes of the form's field called *name*."""
        return next(attributes for _, attributes in self.elements if attributes.get("name") == name)


async def fetch(path: str) -> httpx.Response:
    """Return the console's answer for *path*."""
    app = FastAPI()
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
        return await client.get(path)


@pytest.fixture
async def page() -> Page:
    """Return the page, parsed."""
    return Page((await fetch("/")).text)


@pytest.mark.parametrize("path", FILES)
async def test_a_file_comes_with_its_type_and_the_policy(path: str) -> None:
    """Every file is served, under a policy that forbids inline code, other hosts, frames and guessed types."""
    answer = await fetch(path)

    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"unsafe|\*|https?:", policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith(("text/", "image/svg+xml"))


async def test_the_page_loads_only_what_is_served_here(page: Page) -> None:
    """Each script, style sheet and picture of the page is one of the console's own files."""
    loaded = {
        address
        for tag, attributes in page.elements
        if tag in {"script", "link", "img"} and (address := attributes.get("src") or attributes.get("href"))
    }

    assert loaded == set(FILES) - {"/"}


@pytest.mark.parametrize("path", FILES)
async def test_no_file_names_another_host(path: str) -> None:
    """Nothing in the console points elsewhere; an XML namespace is a name, not an address."""
    text = (await fetch(path)).text.replace("http://www.w3.org/2000/svg", "")

    assert [address for address in re.findall(r"\w+://[^\s\"')]+", text) if urlsplit(address).netloc] == []


async def test_the_page_has_nothing_inline(page: Page) -> None:
    """There is no inline script, handler or style, which the policy would silence without a word."""
    attributes = {name for _, attributes in page.elements for name in attributes}

    assert not {name for name in attributes if name == "style" or name.startswith("on")}
    assert page.all("style") == []
    assert all("src" in script for script in page.all("script"))


async def test_the_page_offers_every_format(page: Page) -> None:
    """The formats to choose from are those that a variant can be asked for, and the original's."""
    offered = [option["value"] for option in page.all("option")]

    assert set(offered) == {"", *OUTPUT_FORMATS}


async def test_the_fields_have_the_limits_of_the_api(page: Page) -> None:
    """Sizes and qualities end where the API would refuse them, and quality starts at its default."""
    side, quality = page.field("maxDimension"), page.field("quality")

    assert (side["min"], side["max"]) == ("0", str(MAX_SIDE_PIXELS))
    assert (quality["min"], quality["max"], quality["value"]) == ("1", "100", str(DEFAULT_QUALITY))


async def test_the_page_names_the_formats_that_are_taken(page: Page) -> None:
    """The formats named in the drop zone are those that an upload is not refused for."""
    named = re.search(r"JPEG, [\w, ]+", page.text)

    assert named is not None
    assert re.split(r", | or ", named.group().strip()) == TAKEN.split(", ")


async def test_every_field_has_a_label(page: Page) -> None:
    """Each field stands in a label or is named by one, so that a screen reader can say what it is for."""
    named = [label.get("for") for label in page.all("label")]

    fields = [attributes for tag in FIELDS for attributes in page.all(tag)]
    assert len(fields) == 5
    assert [field for field in fields if field not in page.fields_in_labels and field.get("id") not in named] == []
