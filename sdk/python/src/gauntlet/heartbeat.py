"""Heartbeats of a process that writes to a run, and the report of its end.

The server ends the run when none of its writers is left, and shows which of them have sent no heartbeat for
too long.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .errors import ApiError, GauntletError
from .ledger import Ledger

if TYPE_CHECKING:
    from .client import Client

__all__ = ["INTERVAL_SECONDS", "Heartbeat"]

#: Time between two heartbeats, seconds. A writer that misses three of them counts as lost.
INTERVAL_SECONDS = 10
_RUNNING: dict[str, Any] = {"state": "running", "interval_secs": INTERVAL_SECONDS}
#: Statuses that are raised: the request may succeed later, or the run was deleted.
_RAISED = {401, 403, 408, 410, 425, 429}


class Heartbeat:
    """The heartbeats of one writer. ``client`` must not be used elsewhere: it is used on another thread."""

    def __init__(self, client: Client, run: str, writer: str, ledger: Ledger) -> None:
        self.writer = writer
        self._client = client
        self._run = run
        self._ledger = ledger
        #: Whether the server answered that the run was deleted.
        self.gone = False
        #: Whether the server is an older one without an API for writers.
        self._unknown = False
        #: Held during a report, so that "running" is never sent after "finished".
        self._reporting = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> bool:
        """Sends heartbeats from now on, on a separate thread. Returns ``False`` where
        the server has no API for writers. Raises as :meth:`finish`; again it does nothing."""
        if self._thread is None and not self._stop.is_set():
            with self._reporting:
                self._report(_RUNNING)
            self._thread = threading.Thread(target=self._beat, name="gauntlet-heartbeat", daemon=True)
            self._thread.start()
        return not self._unknown

    def finish(self, ending: dict[str, Any]) -> bool:
        """Reports how this process ended: ``status``, and ``summary`` with an ``exit_code`` where there is
        one. Answers ``False`` where the server knows of no writers. Raises :class:`ApiError` for what may
        pass and for a run that was deleted, :class:`Unreachable` while the server is away."""
        self._stop.set()
        with self._reporting:
            state: dict[str, Any] = {"state": "finished", **ending}
            code = (ending.get("summary") or {}).get("exit_code")
            if isinstance(code, int):
                state["exit_code"] = code
            return self._report(state)

    def finish_for(self, writer: str) -> None:
        """Reports that a writer whose process is gone has finished, so that the run's end does not wait for
        it. How it ended is not known; that of the others counts."""
        with self._reporting:
            if writer and writer != self.writer:
                self._report({"state": "finished", "status": "completed"}, writer)

    def stop(self) -> None:
        """Ends the heartbeats without a report of the end."""
        self._stop.set()

    def _report(self, state: dict[str, Any], writer: str | None = None) -> bool:
        """Sends a report; ``False`` where the server has no API for writers."""
        if self._unknown:
            return False
        try:
            self._client.put_writer(self._run, writer or self.writer, state)
        except ApiError as error:
            if error.status in _RAISED or error.status >= 500 or error.is_no_run:
                raise
            self._unknown = error.status in {404, 405}
            return False
        return True

    def _beat(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            with self._reporting:
                if self._stop.is_set() or self._unknown:
                    return
                try:
                    self._report(_RUNNING)
                except ApiError as error:
                    if error.status == 410:
                        self.gone = True
                        return
                except GauntletError:
                    pass  # The sender reports that the server is away.
                except Exception as error:
                    self._ledger.bug("telling the server that the process lives", error)
