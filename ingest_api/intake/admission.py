"""Backpressure: refuses new work while accepted work cannot proceed."""

from collections.abc import Callable
from dataclasses import dataclass

from common.settings.groups import LimitsSettings
from ingest_api.job_store import Backlog

_RETRY_AFTER_SECONDS = 30


class OverloadedError(Exception):
    """New work would only wait, or not fit; the same request may succeed later."""

    def __init__(self, sentence: str, *, code: str, retry_after_seconds: int = _RETRY_AFTER_SECONDS) -> None:
        super().__init__(sentence)
        self.code = code
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Admission:
    """Checks made before work is accepted. Its view of the backlog is a few seconds old."""

    limits: LimitsSettings
    backlog: Callable[[], Backlog]

    def check_job(self) -> None:
        """Raise `OverloadedError` while the outbox is longer or older than its limits."""
        backlog = self.backlog()
        if backlog.outbox_depth > self.limits.outbox_messages:
            sentence = f"More than {self.limits.outbox_messages} events wait to be sent; try again later."
            raise OverloadedError(sentence, code="outbox_full")
        if backlog.outbox_age_seconds > self.limits.outbox_seconds:
            sentence = f"Events have waited for over {self.limits.outbox_seconds:g} seconds to be sent; try later."
            raise OverloadedError(sentence, code="outbox_stuck")
