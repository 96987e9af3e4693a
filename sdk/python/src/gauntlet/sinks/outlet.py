"""The queue and thread in front of one sink."""

from __future__ import annotations

import random
import threading

from ..ledger import Ledger
from ..pump import Pump
from .base import Record, RunInfo, Sink

__all__ = ["Outlet"]

_MAX_RECORDS = 65_536
_MAX_BYTES = 256 << 20
_ATTEMPTS = 3


class Outlet:
    """Passes records to its sink; retries, counts, and never raises."""

    def __init__(self, sink: Sink, ledger: Ledger, name: str) -> None:
        """``name``: the sink's name in counters and warnings, unique in the run."""
        self.sink = sink
        self.name = name
        self.ledger = ledger
        self.off = False
        self._closing = threading.Event()
        self._pump: Pump[Record] = Pump(name, self._write, ledger, _MAX_RECORDS, _MAX_BYTES)

    def open(self, run: RunInfo) -> None:
        """Opens the sink; it is disabled where that fails."""
        try:
            self.sink.open(run)
        except Exception as error:
            self.off = True
            self.ledger.count(f"{self.name}.errors")
            self.ledger.warn(
                f"open {self.name}", f"the {self.name} sink is off: {type(error).__name__}: {error}"
            )

    def offer(self, records: list[Record]) -> None:
        """Queues records; those for which the queue has no room are dropped and counted."""
        if self.off:
            self._lose(len(records), "is off")
            return
        for i, record in enumerate(records):
            if not self._pump.put(record, len(record.line)):
                lost = len(records) - i
                self._lose(lost, "was too slow")
                self.ledger.warn(f"full {self.name}", f"the {self.name} sink is too slow; events are dropped")
                return

    def flush(self, timeout: float) -> bool:
        """Waits until everything offered so far is safe."""
        if self.off:
            return False
        try:
            return self._pump.barrier(timeout) and self.sink.flush(timeout)
        except Exception as error:
            self.ledger.bug(f"flushing the {self.name} sink", error)
            return False

    def close(self, timeout: float) -> None:
        """Ends the thread and the sink."""
        self._closing.set()
        self._pump.close(timeout)
        if self.off:
            return
        try:
            self.sink.close()
        except Exception as error:
            self.ledger.bug(f"closing the {self.name} sink", error)

    def _write(self, records: list[Record]) -> None:
        name = self.name
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self.sink.write(records)
                self.ledger.count(f"{name}.written", len(records))
                return
            except Exception as error:
                self.ledger.count(f"{name}.errors")
                self.ledger.warn(f"write {name}", f"the {name} sink failed: {type(error).__name__}: {error}")
                if attempt < _ATTEMPTS:
                    self.ledger.count(f"{name}.retried")
                    self._closing.wait(random.uniform(0.5, 1.0) * 0.1 * 4**attempt)
        self._lose(len(records), "failed")

    def _lose(self, n: int, why: str) -> None:
        self.ledger.count(f"{self.name}.dropped", n)
        self.ledger.lose(f"the {self.name} sink {why}", n)
