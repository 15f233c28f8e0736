"""The API keys in force, and the file that they are read from again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from common.settings.access import AccessSettings
from ingest_api.access.key_ring import KeyRing
from ingest_api.access.keys import UnauthenticatedError, hash_key
from ingest_api.access.keys_file import KeysFileError
from ingest_api.domain.caller import ANYBODY, Scope


def entry(name: str, *, key: str | None = None, owner: str = "") -> str:
    """Return the entry of a key that is called like its owner."""
    return f"{name}:write:{hash_key(key or name)}" + (f":{owner}" if owner else "")


def knows(ring: KeyRing, key: str) -> bool:
    """Say whether *key* lets in."""
    try:
        return ring.caller_with(key) is not ANYBODY
    except UnauthenticatedError:
        return False


@asynccontextmanager
async def watched(ring: KeyRing) -> AsyncIterator[None]:
    """Read the file again and again while the block runs."""
    watching = asyncio.create_task(ring.run())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def until_known(ring: KeyRing, key: str, *, known: bool = True) -> None:
    """Wait until *key* lets in, or does not."""
    async with asyncio.timeout(60):
        while knows(ring, key) is not known:
            await asyncio.sleep(0.01)


def test_without_keys_everybody_is_anybody() -> None:
    """Neither keys nor a file: open, as a first try should be."""
    ring = KeyRing(AccessSettings())

    assert ring.is_open
    assert ring.caller_with(None) is ANYBODY


def test_an_empty_file_lets_nobody_in(tmp_path: Path) -> None:
    """Whoever revokes the last key does not open the service to the world."""
    path = tmp_path / "keys"
    path.write_text("# none yet\n")
    ring = KeyRing(AccessSettings(api_keys_file=path))

    assert not ring.is_open
    with pytest.raises(UnauthenticatedError):
        ring.caller_with(None)


def test_a_key_has_an_owner() -> None:
    """The fourth part of its entry, or its name."""
    ring = KeyRing(AccessSettings(api_keys=(entry("a"), entry("b", owner="a"))))

    assert (ring.caller_with("a").owner, ring.caller_with("b").owner) == ("a", "a")
    assert ring.caller_with("b").scope is Scope.WRITE


async def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """Added keys let in and revoked ones do not, without a restart; those of the settings stay."""
    path = tmp_path / "keys"
    path.write_text(f"{entry('old')}\n")
    ring = KeyRing(AccessSettings(api_keys=(entry("settings"),), api_keys_file=path))

    async with watched(ring):
        path.write_text(f"{entry('new')}\n")
        await until_known(ring, "new")

        assert not knows(ring, "old")
        assert knows(ring, "settings")


async def test_a_mounted_secret_that_is_swapped_is_read_again(tmp_path: Path) -> None:
    """Kubernetes leads a symbolic link elsewhere; the file's own time and size may stay the same."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{entry(name)}\n")
    link = tmp_path / "keys"
    link.symlink_to("one")
    ring = KeyRing(AccessSettings(api_keys_file=link))

    async with watched(ring):
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(link)
        await until_known(ring, "two")

        assert not knows(ring, "one")


@pytest.mark.parametrize("broken", ["no entry", None], ids=["wrong", "gone"])
async def test_a_file_that_goes_wrong_changes_nothing(tmp_path: Path, broken: str | None) -> None:
    """The last good keys go on, until the file is good again."""
    path = tmp_path / "keys"
    path.write_text(f"{entry('old')}\n")
    ring = KeyRing(AccessSettings(api_keys_file=path))

    if broken:
        path.write_text(broken)
    else:
        path.unlink()
    await ring.reload()
    still = knows(ring, "old")
    path.write_text(f"{entry('new')}\n")
    await ring.reload()

    assert still
    assert (knows(ring, "old"), knows(ring, "new")) == (False, True)


@pytest.mark.parametrize("content", [None, "no entry", f"{entry('a', key='k')}\n{entry('b', key='k')}"])
def test_a_service_does_not_start_with_a_wrong_file(tmp_path: Path, content: str | None) -> None:
    """Missing, no list of entries, or one key for two owners: the message names the file."""
    path = tmp_path / "keys"
    if content:
        path.write_text(content)

    with pytest.raises(KeysFileError, match=str(path)):
        KeyRing(AccessSettings(api_keys_file=path))
