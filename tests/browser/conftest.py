"""A real Chromium, and the console open in it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.services.icecube import RunningIcecube

WAIT_MS = 60_000
"""How long a page may take to show what it should: Playwright's own five seconds are few on a busy machine."""
# The browser must talk to the test's server and to nobody else.
_ARGUMENTS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield the machine's Chromium; skip where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium): the console was not shown in a browser")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)


@pytest.fixture
def console(browser: Browser, icecube: RunningIcecube) -> Iterator[Page]:
    """Yield the console of a running Icecube; fail the test when the page broke its own policy or threw."""
    complaints: list[str] = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
        page.goto(icecube.api)
        yield page
    assert complaints == []
