"""Sets libvips up as it is in a child process."""

import pytest

from processor.engine.libvips import set_up_libvips


@pytest.fixture(scope="session", autouse=True)
def _libvips() -> None:
    set_up_libvips()
