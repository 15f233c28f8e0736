"""What surrounds the command: variables, folders, other people's packages, the host's name."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from common.settings.unknown_variables import unknown_variables
from deploy.cli.command import app
from deploy.cli.configured import settings_beside

_PYTHON = Path(sys.executable)


@pytest.fixture
def environment() -> dict[str, str | None]:
    """Return changes that take every setting of ours out of the environment."""
    return {name: None for name in os.environ if name.startswith(("ICECUBE_", "AWS_", "POSTGRES_"))}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ICECUBE_SERVER_PROT", "did you mean ICECUBE_SERVER_PORT?"),
        ("ICECUBE_KAFKA_BROKER", "did you mean ICECUBE_KAFKA_BROKERS?"),
        ("ICECUBE_LIMITS_MEGAPIXEL", "did you mean ICECUBE_LIMITS_MEGAPIXELS?"),
        ("ICECUBE_COLOUR", "it is ignored"),
    ],
)
@pytest.mark.parametrize("command", [["config"], ["convert", "missing.png"]])
def test_an_unknown_variable_is_told(
    name: str, hint: str, command: list[str], environment: dict[str, str | None]
) -> None:
    """A variable of our name that is no setting is warned of, once, with the one that may be meant."""
    result = CliRunner().invoke(app, command, env=environment | {name: "1"})

    assert result.exit_code == (0 if command == ["config"] else 1)
    assert result.stderr.count(f"icecube: {name} is no setting; {hint}") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ICECUBE_SERVER_PORT", "1"),
        ("ICECUBE_LOG_LEVEL", "info"),
        ("ICECUBE_READY_FILE", "/run/ready"),
        ("ICECUBE_TEST_KAFKA", "embedded"),
        ("ICECUBE_API_SERVICE_HOST", "10.0.0.1"),
        ("ICECUBE_API_SERVICE_PORT_HTTP", "3331"),
        ("ICECUBE_API_PORT", "tcp://10.0.0.1:3331"),
        ("ICECUBE_API_PORT_3331_TCP_ADDR", "10.0.0.1"),
        ("ICECUBES", "1"),
        ("PATH", "/bin"),
    ],
)
def test_what_is_known_or_not_ours_is_not_told(name: str, value: str) -> None:
    """Neither settings, nor what tests, compose and Kubernetes say, nor variables of others are warned of."""
    assert list(unknown_variables({name: value})) == []


def test_what_is_warned_of_is_told_by_one_process(environment: dict[str, str | None]) -> None:
    """A child of `icecube up` leaves it to its parent."""
    result = CliRunner().invoke(app, ["config"], env=environment | {"ICECUBE_COLOUR": "1", "ICECUBE_LIFELINE_FD": "0"})

    assert result.stderr == ""


@pytest.mark.parametrize("flags", [["-c"], ["-config"], ["--config"]])
@pytest.mark.parametrize("command", ["up", "api", "processor", "migrate", "topics", "config", "gc", "dead list"])
def test_the_file_is_named_before_the_command_or_after(
    flags: list[str], command: str, environment: dict[str, str | None]
) -> None:
    """Every command knows the file wherever it stands; one behind the command wins."""
    words = command.split()
    before = CliRunner().invoke(app, [*flags, "first.json", *words], env=environment)
    after = CliRunner().invoke(app, [*words, *flags, "second.json"], env=environment)
    both = CliRunner().invoke(app, [*flags, "first.json", *words, *flags, "second.json"], env=environment)

    assert [result.exit_code for result in (before, after, both)] == [2, 2, 2]
    assert "-config first.json: No such file" in before.stderr
    assert "-config second.json: No such file" in after.stderr
    assert "-config second.json: No such file" in both.stderr


def test_the_file_before_convert(tmp_path: Path, environment: dict[str, str | None]) -> None:
    """The local tool knows it as well."""
    result = CliRunner().invoke(app, ["-config", "first.json", "convert", str(tmp_path)], env=environment)

    assert result.exit_code == 1
    assert "-config first.json: No such file" in result.stderr


@pytest.mark.parametrize("command", ["up", "gc", "dead list", "dead show 0:0", "dead replay --all"])
def test_an_empty_data_folder_is_refused(
    command: str, environment: dict[str, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unset variable in a script is not the current folder."""
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, [*command.split(), "--data-dir", ""], env=environment)

    assert result.exit_code == 2
    assert "server.dataDir (ICECUBE_DATA_DIR): must not be empty" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("member", ["server.dataDir", "blob.diskPath"])
def test_an_empty_folder_in_the_file_is_refused(
    member: str, environment: dict[str, str | None], tmp_path: Path
) -> None:
    """Nor does an empty name in the configuration file mean the current folder."""
    group, field = member.split(".")
    (tmp_path / "c.json").write_text(json.dumps({group: {field: ""}}))

    result = CliRunner().invoke(app, ["config", "-c", str(tmp_path / "c.json")], env=environment)

    assert result.exit_code == 2
    assert f"{member} (" in result.stderr
    assert "must not be empty" in result.stderr


@pytest.mark.parametrize("command", ["gc", "dead list"])
def test_a_folder_where_nothing_runs_is_named(command: str, environment: dict[str, str | None], tmp_path: Path) -> None:
    """Beside no `icecube up`, an operator is told where it was looked for, and how to name another place."""
    result = CliRunner().invoke(app, [*command.split(), "-data-dir", str(tmp_path)], env=environment)

    assert result.exit_code == 2
    assert f"No `icecube up` is ready on the data folder {tmp_path}; name another with --data-dir" in result.stderr


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"postgres": 1'])
def test_an_announcement_that_cannot_be_read_is_named(
    content: str, environment: dict[str, str | None], tmp_path: Path
) -> None:
    """No traceback for a file that something else wrote."""
    (tmp_path / "endpoints.json").write_text(content)

    result = CliRunner().invoke(app, ["gc", "--data-dir", str(tmp_path)], env=environment)

    assert result.exit_code == 2
    assert f"{tmp_path / 'endpoints.json'} cannot be read" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["common", "ingest_api", "processor"])
@pytest.mark.parametrize("kind", ["package", "module"])
def test_another_package_of_our_names_is_told_in_one_sentence(tmp_path: Path, name: str, kind: str) -> None:
    """Somebody else's `common` on PYTHONPATH is named, with what to do, and not imported."""
    file = tmp_path / name / "__init__.py" if kind == "package" else tmp_path / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('imported')")

    result = subprocess.run(
        [_PYTHON.with_name("icecube"), "config"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert f"another package named `{name}`" in result.stderr
    assert f"take {tmp_path} out of PYTHONPATH" in result.stderr


_SLOW_TYPER = """
import pathlib, time
pathlib.Path(__file__).with_name("importing").touch()
time.sleep(60)
"""


@pytest.mark.parametrize("arguments", [["convert", "photo.jpg"], ["up"], ["-h"]])
def test_ctrl_c_while_a_command_starts_ends_it_quietly(tmp_path: Path, arguments: list[str]) -> None:
    """Imports take half a second. Nothing is there to remove, so the signal just ends the process: 130 in a shell."""
    (tmp_path / "typer.py").write_text(_SLOW_TYPER)
    interrupted = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [str(_PYTHON), "-c", f"{interrupted}from deploy.cli.main import main; main()", *arguments]
    process = subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (tmp_path / "importing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)

    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=30)

    assert (process.returncode, told, errors) == (-signal.SIGINT, "", "")


def test_a_host_without_a_name_builds_the_processor() -> None:
    """An empty host name is no reason not to start: Faust would make a URL of it. In a namespace of its own."""
    unshare = shutil.which("unshare")
    script = (
        "import ctypes, socket\n"
        "assert ctypes.CDLL(None).sethostname(b'', 0) == 0\n"
        "assert socket.gethostname() == ''\n"
        "from common.settings.model import Settings\n"
        "from processor.app import build_app\n"
        "print(build_app(Settings.model_validate({'kafka': {'brokers': 'k:1'}})).conf.web_host)\n"
    )
    if unshare is None or subprocess.run([unshare, "-u", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this user cannot make namespaces")

    result = subprocess.run(
        [unshare, "-u", sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )

    assert (result.returncode, result.stdout) == (0, "127.0.0.1\n"), result.stderr


@pytest.mark.parametrize(
    ("announced", "configured", "folder"),
    [
        ({"images": "/else/where"}, {}, "/else/where"),
        ({"images": "/else/where"}, {"ICECUBE_BLOB_DISK_PATH": "/mine"}, "/mine"),
    ],
)
def test_the_store_is_the_running_ones(
    announced: dict[str, str],
    configured: dict[str, str],
    folder: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str | None],
) -> None:
    """Rows are compared with the store that `icecube up` fills, unless another is configured."""
    endpoints = {"postgres": "postgres://u@h/d", "kafka": "k:1", **announced}
    (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))
    for name in environment:
        monkeypatch.delenv(name)
    for name, value in configured.items():
        monkeypatch.setenv(name, value)

    settings = settings_beside("gc", None, str(tmp_path))

    assert settings.blob_folder == Path(folder)
    assert settings.database.dsn.startswith("postgres://u@h/d")


def test_gc_beside_another_store_is_refused(tmp_path: Path, environment: dict[str, str | None]) -> None:
    """Where the running one keeps images in S3, an empty folder of this machine is not taken for its store."""
    endpoints = {"postgres": "postgres://u@h/d", "kafka": "k:1", "images": None}
    (tmp_path / "endpoints.json").write_text(json.dumps(endpoints))

    result = CliRunner().invoke(app, ["gc", "--data-dir", str(tmp_path)], env=environment)

    assert result.exit_code == 2
    assert "blob.bucket (ICECUBE_BLOB_S3_BUCKET)" in result.stderr
