"""`icecube up`: runs everything on this machine, in the processes of production, until Ctrl-C."""

import asyncio
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from common.listening import address_in_words
from common.settings.model import Settings
from deploy.local.claims import broker, data_folder, port_for
from deploy.local.folders.atomic_file import replace_text
from deploy.local.folders.ram_folder import ram, ram_folder
from deploy.local.plan import Opened, Plan, UpError, child_environment, plan_for
from deploy.local.ports import LOOPBACK
from deploy.local.postgres.server import START_SECONDS as POSTGRES_SECONDS
from deploy.local.processes.child import ChildFailedError
from deploy.local.processes.interruption import run_until_signal
from deploy.local.processes.process_tree import api_child, one_off_child, postgres_child, processor_child, ready_file
from deploy.local.processes.supervisor import Supervisor
from deploy.local.welcome import Endpoints, welcome

START_SECONDS = 120
ANNOUNCEMENT = "endpoints.json"
"""The file in the data folder that tells programs the addresses of the parts; it exists while all are ready."""

_EVERY_ADDRESS = {"0.0.0.0", "::", ""}  # noqa: S104 - recognised, not listened on


def run(settings: Settings, *, config: Path | None, processors: int) -> int:
    """Run everything until SIGINT or SIGTERM, and return the exit status.

    A first signal stops all in order, a second at once. Raises `UpError` when something cannot be started,
    with nothing left running.
    """
    plan = plan_for(settings, processors=processors)
    os.umask(0o077)  # for all files from here on, by the children too: shared hosts have other users
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(settings.server.data_dir.resolve()))
        (data / ANNOUNCEMENT).unlink(missing_ok=True)  # of a run that was killed
        port = port_for(settings.server)
        kafka = stack.enter_context(broker()) if plan.brings_broker else settings.kafka.brokers
        in_ram = stack.enter_context(ram_folder(ram())) if plan.needs_ram else None
        up = _Up(settings, plan, config, data, port, kafka, in_ram)
        try:
            asyncio.run(up.run_until_signal())
        except ChildFailedError as exc:
            message = f"{exc}; what it said stands above"
            raise UpError(message) from exc
    return 0


@dataclass(frozen=True, slots=True)
class _Up:
    """One run of everything, with its plan and its open resources."""

    settings: Settings
    plan: Plan
    config: Path | None
    data: Path
    port: int
    kafka: str
    in_ram: Path | None

    async def run_until_signal(self) -> None:
        supervisor = Supervisor(grace_seconds=self.settings.server.drain_seconds)
        await run_until_signal(lambda: self._serve(supervisor), hurry=supervisor.kill)

    async def _serve(self, supervisor: Supervisor) -> None:
        announcement = self.data / ANNOUNCEMENT
        try:
            async with supervisor:
                endpoints = await self._start(supervisor)
                replace_text(announcement, endpoints.as_json())
                sys.stdout.write(self._welcome(endpoints))
                sys.stdout.flush()
                await asyncio.Event().wait()
        finally:
            announcement.unlink(missing_ok=True)

    def _welcome(self, endpoints: Endpoints) -> str:
        return welcome(
            endpoints,
            topic=self.settings.kafka.topic,
            python=sys.executable,
            is_broker_open=self.plan.brings_broker,
        )

    async def _start(self, supervisor: Supervisor) -> Endpoints:
        postgres = await self._postgres(supervisor) if self.plan.brings_postgres else self.settings.database.dsn
        variables = child_environment(self.settings, self.plan, Opened(self.port, self.kafka, postgres, self.in_ram))
        await supervisor.run_once(one_off_child("migrate", variables, self.config))
        if not self.plan.brings_broker:  # the embedded one makes topics when they are first named
            await supervisor.run_once(one_off_child("topics", variables, self.config))
        host = self._host()
        api = api_child(variables, self.config, host=host, port=self.port)
        numbers = range(1, self.plan.processors + 1)
        processors = [processor_child(number, variables, self.config, self._runs) for number in numbers]
        # Two stages, started together and stopped one after the other: the processors first.
        await asyncio.gather(
            supervisor.start([api], within_seconds=START_SECONDS),
            supervisor.start(processors, within_seconds=START_SECONDS),
        )
        address = f"http://{address_in_words(host, self.port)}"
        return Endpoints(address, self.kafka, postgres, variables.get("ICECUBE_BLOB_DISK_PATH"))

    async def _postgres(self, supervisor: Supervisor) -> str:
        in_ram = self.in_ram if self.plan.postgres_in_ram else None
        child = postgres_child((in_ram or self.data) / "postgres", self._runs, durable=in_ram is None)
        await supervisor.start([child], within_seconds=POSTGRES_SECONDS)
        return ready_file(self._runs, child.name).read_text("utf-8")

    @property
    def _runs(self) -> Path:
        return self.data / "run"

    def _host(self) -> str:
        host = self.settings.server.host
        return LOOPBACK if host in _EVERY_ADDRESS else host
