"""What a run has counted, and what it has warned about: each kind of trouble is told once."""

from __future__ import annotations

import logging
import threading

__all__ = ["Ledger", "Unusable", "logger"]

logger = logging.getLogger("gauntlet")

#: Most kinds of trouble that are told; what comes beyond them is only counted.
_MOST_TOLD = 1024


class Unusable(ValueError):
    """What was given cannot be kept; the message says what it is and what it should be."""


class Ledger:
    """Counters by name, and warnings that are said once each. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: dict[str, int] = {}
        self._told: set[str] = set()

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

    def warn(self, key: str, message: str) -> None:
        """Says ``message`` through the ``gauntlet`` logger, once for each ``key``."""
        with self._lock:
            if self.told(key):
                return
            self._told.add(key)
        logger.warning("gauntlet: %s", message)

    def told(self, key: str) -> bool:
        """Whether nothing more will be said of that."""
        return key in self._told or len(self._told) >= _MOST_TOLD

    def again(self, key: str) -> None:
        """Lets a warning be said again: what it was about is over."""
        with self._lock:
            self._told.discard(key)

    def bug(self, where: str, error: BaseException) -> None:
        """An error in a place that must not raise: counted, and told once for each place."""
        if isinstance(error, Unusable):
            self.count("skipped_values")
            self.warn(f"unusable {where}", f"a call of {where} is left out: {error} (told once)")
            return
        self.count("errors")
        self.warn(f"bug {where}", f"{where} failed and was skipped: {type(error).__name__}: {error}")
