"""What dead processes left in the spool: delivered for the same server, while there is nothing newer to
send."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..delivery import Delivery, Later, Undeliverable
from ..folders import orphans, set_aside
from ..ledger import Ledger
from ..spool import Spool
from .base import RunInfo

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["Leftovers"]

#: Time between two checks of the spool, seconds.
_LOOK_SECONDS = 30.0


class Leftovers:
    """The leftovers of one spool folder. What can never be delivered is set aside, counted and named; what
    cannot be delivered now is tried later. Neither delays the run's own events."""

    def __init__(
        self,
        run: RunInfo,
        run_spool: Spool,
        client: Client,
        is_gone: Callable[[str], None] = lambda writer: None,
    ) -> None:
        """``is_gone`` is called with writers of this run whose processes are gone, as their folders were
        free."""
        self._run = run
        self._run_spool = run_spool
        self._client = client
        self._ledger = Ledger()
        self._current: Delivery | None = None
        self._skipped: set[Path] = set()
        self._looked = 0.0
        self._not_before = 0.0
        self._caught_up = False
        self._is_gone = is_gone

    def of_this_run(self, again: bool = False) -> None:
        """Delivers what is left of the same run first, so that its older events precede the new ones. Does
        nothing once that is done, unless ``again``. Raises :class:`Later`."""
        self._caught_up = self._caught_up and not again
        while self._current is not None and self._current.run == self._run.id and self._send():
            pass
        while not self._caught_up:
            found = next(filter(None, (self._take(f, self._run.id) for f in self._orphans())), None)
            if found is None:
                self._caught_up = True
                return
            self.close()
            self._current = Delivery(found, self._client, self._ledger)
            while self._current is not None and self._send():
                pass

    def step(self) -> bool:
        """Sends one batch of any run; ``False`` where there is nothing that can be sent now."""
        if time.monotonic() < self._not_before or (self._current is None and not self._find()):
            return False
        try:
            return self._send()
        except Later as later:
            # The next call continues with another one.
            assert self._current is not None
            self._not_before = time.monotonic() + later.seconds
            self._skipped.add(self._current.spool.folder)
            self.close()
            return False

    def close(self) -> None:
        """Releases what is not finished; another process can continue it."""
        if self._current is not None:
            self._current.spool.close()
            self._current = None

    def _send(self) -> bool:
        delivery = self._current
        assert delivery is not None
        try:
            if delivery.step():
                return True
        except Undeliverable as error:
            self._set_aside(delivery.spool, str(error))
            return True
        except OSError as error:
            self._set_aside(delivery.spool, f"it cannot be read: {error}")
            return True
        self._run.ledger.count("recovered", delivery.spool.finished)
        if delivery.run == self._run.id:
            # Before the folder goes: who is killed here leaves it to the next one.
            self._is_gone(str(delivery.spool.info.get("writer", "")))
        self.close()
        return True

    def _set_aside(self, spool: Spool, reason: str) -> None:
        self._current = None
        spool.release()
        self._report_set_aside(spool.folder, f"run {str(spool.info['run'])!r}", reason)

    def _report_set_aside(self, folder: Path, what: str, reason: str) -> None:
        self._skipped.add(folder)
        where = set_aside(folder, reason)
        self._run.ledger.count("undeliverable")
        self._run.ledger.warn(
            f"aside {folder.name}",
            f"what a process left of {what} cannot be delivered: {reason}. It is in {where}",
        )

    def _find(self) -> bool:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return False
        for folder in self._orphans():
            spool = self._take(folder)
            if spool is not None:
                self._current = Delivery(spool, self._client, self._ledger)
                return True
        self._looked = time.monotonic()
        self._skipped.clear()
        return False

    def _orphans(self) -> list[Path]:
        return orphans(self._run.settings.spool)

    def _take(self, folder: Path, only: str | None = None) -> Spool | None:
        if folder == self._run_spool.folder or folder in self._skipped:
            return None
        try:
            spool = Spool.adopt(folder)
        except ValueError as error:
            self._report_set_aside(folder, f"a run in {folder.name}", str(error))
            return None
        if spool is None:
            return None
        same = (
            spool.info["endpoint"] == self._run_spool.info["endpoint"] and spool.info.get("mode") == "online"
        )
        if not same or (only is not None and spool.info["run"] != only):
            if not same:
                self._skipped.add(folder)
            spool.release()
            return None
        return spool
