"""Counters of a run, its losses with their reasons, and its warnings, each kind once."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from typing import TypedDict

__all__ = ["Ledger", "Loss", "Unusable", "logger", "print_line"]

logger = logging.getLogger("gauntlet")

#: Most kinds of warnings that are reported; those beyond are only counted.
_MAX_WARNINGS = 1024
#: Most reasons for losses that are counted separately.
_MAX_REASONS = 32
_OTHER_REASONS = "other reasons"


class Loss(TypedDict):
    """How many events, calls or contents were lost for one reason."""

    reason: str
    count: int


class Unusable(ValueError):
    """An argument cannot be recorded; the message names the value and what it should be."""


class Ledger:
    """Counters by name, losses by reason, and warnings that are reported once each. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: dict[str, int] = {}
        self._losses: dict[str, int] = {}
        self._warned: set[str] = set()

    def count(self, what: str, n: int = 1) -> None:
        """Adds to a counter."""
        with self._lock:
            self._counts[what] = self._counts.get(what, 0) + n

    def get(self, what: str) -> int:
        """The counter's value; 0 where nothing was counted."""
        return self._counts.get(what, 0)

    def snapshot(self) -> dict[str, int]:
        """All counters."""
        with self._lock:
            return dict(self._counts)

    def lose(self, reason: str, n: int = 1) -> None:
        """Counts what was logged and will never be durable."""
        with self._lock:
            if reason not in self._losses and len(self._losses) >= _MAX_REASONS:
                reason = _OTHER_REASONS
            self._losses[reason] = self._losses.get(reason, 0) + n

    def losses(self) -> list[Loss]:
        """The losses so far by reason, in the order of their first occurrence."""
        with self._lock:
            return [Loss(reason=reason, count=count) for reason, count in self._losses.items()]

    def warn(self, key: str, message: str) -> None:
        """Logs ``message`` to the ``gauntlet`` logger, once for each ``key``."""
        with self._lock:
            if self.is_warned(key):
                return
            self._warned.add(key)
        logger.warning("gauntlet: %s", message)

    def is_warned(self, key: str) -> bool:
        """Whether no further warning of that key is reported."""
        return key in self._warned or len(self._warned) >= _MAX_WARNINGS

    def rearm(self, key: str) -> None:
        """Lets a warning be reported again, as its cause is over."""
        with self._lock:
            self._warned.discard(key)

    def left_out(self, call: str, error: BaseException) -> None:
        """A call of the loop that could not be recorded: as :meth:`bug`, and a loss."""
        self.lose(f"a call of {call} was left out")
        self.bug(call, error)

    def bug(self, where: str, error: BaseException) -> None:
        """An error in a place that must not raise: counted, and reported once for each place."""
        if isinstance(error, Unusable):
            self.count("skipped_values")
            self.warn(f"unusable {where}", f"a call of {where} is left out: {error} (reported once)")
            return
        self.count("errors")
        self.warn(f"bug {where}", f"{where} failed and was skipped: {type(error).__name__}: {error}")


def print_line(line: str) -> None:
    """One line on standard error, where there is one."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # It is closed.
            print(f"gauntlet: {line}", file=sys.stderr)
