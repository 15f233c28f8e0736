"""Claims what a run of `icecube up` needs for itself before it starts: its folder, its port, its broker."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from common.settings.groups import ServerSettings
from deploy.local.folders.closing import close_to_others
from deploy.local.folders.folder_lock import FolderInUseError, hold_lock
from deploy.local.kafka.embedded_broker import EmbeddedBrokerError, embedded_broker
from deploy.local.plan import UpError
from deploy.local.ports import free_ports, is_free


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """Lock *folder*, created if missing, with `run` in it; raise `UpError` if another run has it.

    No other user of this machine may enter it: a folder that is open to others is closed, and the log says so.
    """
    advice = "choose another with --data-dir or ICECUBE_DATA_DIR"
    with ExitStack() as stack:
        try:
            close_to_others(folder)
            (folder / "run").mkdir(exist_ok=True)
            stack.enter_context(hold_lock(folder / "up.lock"))
        except FolderInUseError as exc:
            message = f"the data folder {folder} is in use by another `icecube up`; {advice}"
            raise UpError(message) from exc
        except OSError as exc:
            message = f"the data folder {folder} cannot be used ({exc.strerror}); {advice}"
            raise UpError(message) from exc
        yield folder


def port_for(server: ServerSettings) -> int:
    """Return the port for the API, a free one for 0; raise `UpError` if it is in use."""
    host, port = server.host, server.port
    advice = "choose another with --port or ICECUBE_SERVER_PORT (server.port); 0 picks a free one"
    try:
        if is_free(host, port):
            return port or free_ports(1)[0]
    except OSError as exc:
        message = f"port {port} on {host} cannot be used ({exc.strerror}); {advice}"
        raise UpError(message) from exc
    message = f"port {port} on {host} is in use; {advice}"
    raise UpError(message)


@contextmanager
def broker() -> Iterator[str]:
    """Run the embedded broker and yield its address; raise `UpError` if it does not start."""
    try:
        with embedded_broker() as address:
            yield address
    except EmbeddedBrokerError as exc:
        raise UpError(str(exc)) from exc
