"""One run of `icecube convert`: from the plan to the exit status, with its progress shown."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from common.options.variant import VariantOptions
from processor.convert import report
from processor.convert.conversions import Conversion
from processor.convert.errors import ConversionError
from processor.convert.intake import take_in
from processor.convert.interruption import Interruption, stop_here
from processor.convert.outcomes import Converted, Failed, Outcome
from processor.convert.placing import Placing, Policy, is_stream, write_stream
from processor.convert.running import Task, run
from processor.engine import ImageLimits


@dataclass(slots=True)
class Session:
    """The requested conversions, and their outcomes so far."""

    options: VariantOptions
    limits: ImageLimits
    policy: Policy
    interruption: Interruption
    outcomes: dict[Conversion, Outcome] = field(default_factory=dict)

    def convert(self, planned: Sequence[Conversion | Failed]) -> list[Outcome]:
        """Convert everything, and return the outcomes in the order given.

        What a signal kept from ending is left out. No file is left in the work folder, or half made elsewhere.
        """
        conversions = [one for one in planned if isinstance(one, Conversion)]
        placing = Placing((conversion.source for conversion in conversions), self.policy)
        with TemporaryDirectory(prefix="icecube-convert-", ignore_cleanup_errors=True) as folder:
            work = Path(folder)
            tasks = [
                Task(conversion, work / f"{number}.original", work / f"{number}.variant")
                for number, conversion in enumerate(conversions)
            ]
            try:
                self._convert_tasks(tasks, placing)
            except (KeyboardInterrupt, asyncio.CancelledError):
                if self.interruption.signal is None:
                    raise
        outcomes = (one if isinstance(one, Failed) else self.outcomes.get(one) for one in planned)
        return [outcome for outcome in outcomes if outcome is not None]

    def _convert_tasks(self, tasks: Sequence[Task], placing: Placing) -> None:
        with self.interruption.call_on_signal(stop_here):  # a stream may block for ever
            self._take_in_streams(tasks)
        left = [task for task in tasks if task.conversion not in self.outcomes]
        if left:
            with report.progress(len(left)) as advance:
                asyncio.run(self._run(left, placing, advance))
        with self.interruption.call_on_signal(stop_here):
            self._write_streams(tasks)

    async def _run(self, tasks: Sequence[Task], placing: Placing, advance: report.Advance) -> None:
        def on_done(conversion: Conversion, outcome: Outcome) -> None:
            self.outcomes[conversion] = outcome
            advance()

        work = run(tasks, self.options, placing=placing, limits=self.limits, on_done=on_done)
        running, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

        def cancel() -> None:
            loop.call_soon_threadsafe(running.cancel)

        with self.interruption.call_on_signal(cancel):
            await running

    def _take_in_streams(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.conversion.source.is_stream:
                try:
                    take_in(task.conversion.source, task.original)
                except ConversionError as exc:
                    self.outcomes[task.conversion] = Failed(task.conversion.source.name, str(exc))

    def _write_streams(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            outcome = self.outcomes[task.conversion]
            if isinstance(outcome, Converted) and is_stream(outcome.output):
                del self.outcomes[task.conversion]  # until it is written
                self.outcomes[task.conversion] = _write_outcome(task.variant, outcome)


def _write_outcome(variant: Path, outcome: Converted) -> Outcome:
    try:
        write_stream(variant, outcome.output)
    except ConversionError as exc:
        return Failed(outcome.source, str(exc))
    return outcome
