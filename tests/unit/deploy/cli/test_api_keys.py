"""`icecube api-key` and the file that it keeps."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.settings.access import AccessSettings
from deploy.cli.command import app
from ingest_api.access.key_ring import KeyRing


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the commands keep the keys; nothing is there yet."""
    path = tmp_path / "keys"
    monkeypatch.setenv("ICECUBE_API_KEYS_FILE", str(path))
    return path


def says(*words: str, status: int = 0) -> str:
    """Return what `icecube api-key` prints for *words*."""
    result = CliRunner().invoke(app, ["api-key", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_a_key_that_was_added_lets_in_until_it_is_revoked(path: Path) -> None:
    """The key is printed once; the file holds its hash, name, scope and owner."""
    key = says("add", "site", "--scope", "read", "--owner", "shop").strip()
    ring = KeyRing(AccessSettings(api_keys_file=path))
    listed = says("list")
    says("revoke", "site")

    assert (ring.caller_with(key).name, ring.caller_with(key).owner) == ("site", "shop")
    assert listed.split() == ["site", "read", "shop", "file"]
    assert says("list") == ""
    assert key not in path.read_text()


def test_only_its_owner_reads_a_new_file(path: Path) -> None:
    """A file that is there keeps its mode."""
    says("add", "a")
    first = path.stat().st_mode & 0o777
    path.chmod(0o640)
    says("add", "b")

    assert (first, path.stat().st_mode & 0o777) == (0o600, 0o640)


def test_comments_and_other_keys_stay(path: Path) -> None:
    """What a person wrote between the entries is theirs."""
    path.write_text("# of the shop\n\n")
    says("add", "a")
    says("add", "b")
    says("revoke", "a")

    assert path.read_text().splitlines()[:2] == ["# of the shop", ""]
    assert says("list").split()[0] == "b"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("add", "taken"), 2, "has a key of taken"),
        (("add", "a:b"), 2, "no colon"),
        (("add", "a", "--owner", "b c"), 2, "no colon"),
        (("revoke", "missing"), 1, "no key of missing"),
        (("add", "a", "--scope", "root"), 2, "root"),
    ],
)
def test_what_cannot_be_done_is_told(path: Path, words: tuple[str, ...], status: int, told: str) -> None:
    """The file stays as it was."""
    says("add", "taken")
    before = path.read_text()

    assert told in says(*words, status=status)
    assert path.read_text() == before


def test_without_a_file_nothing_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable."""
    monkeypatch.delenv("ICECUBE_API_KEYS_FILE", raising=False)

    assert "ICECUBE_API_KEYS_FILE" in says("add", "a", status=2)


@pytest.mark.parametrize("words", [("shop",), ("--scope", "read", "shop"), ("new", "shop")])
def test_a_key_can_be_made_without_a_file(words: tuple[str, ...]) -> None:
    """As in earlier releases: the key, and the entry that lets it in."""
    printed = dict(line.split() for line in says(*words).splitlines())

    ring = KeyRing(AccessSettings.model_validate({"api_keys": printed["entry"]}))
    assert ring.caller_with(printed["key"]).owner == "shop"


def test_a_file_that_is_no_list_of_keys_is_never_written_over(path: Path) -> None:
    """The message names the line, and does not repeat it: it may hold a key."""
    path.write_text("# fine\nsecret-key\n")

    told = says("add", "a", status=1)

    assert "line 2" in told
    assert "secret-key" not in told
    assert path.read_text() == "# fine\nsecret-key\n"
