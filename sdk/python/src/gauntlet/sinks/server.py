"""The server sink: to the spool at once, from there to the server by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..delivery import Delivery, Later
from ..events import Gap, happening
from ..ledger import Ledger
from ..settings import address
from ..spool import Spool, orphans
from ..values import copy_hashed, label
from .base import Record, RunInfo, Sink

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["ServerSink"]

#: A flush of a finishing run gives up after the server was away for so long, seconds.
_PATIENCE = 3.0
#: While somebody waits in `flush`, the server is tried again after so long, seconds.
_HURRIED = 0.25


class ServerSink(Sink):
    """Delivers a run to a Gauntlet server. Arguments left out come from the settings of the run.

    ``send=False`` only writes the spool; ``python -m gauntlet sync`` delivers it.
    """

    name = "server"

    def __init__(
        self, endpoint: str | None = None, api_key: str | None = None, send: bool | None = None
    ) -> None:
        self._endpoint = None if endpoint is None else address(endpoint)
        self._api_key = api_key
        self._send = send
        self._thread: threading.Thread | None = None

    def open(self, run: RunInfo) -> None:
        settings = run.settings
        self.endpoint = self._endpoint or settings.endpoint
        self._key = self._api_key or settings.api_key
        self._sending = settings.mode != "offline" if self._send is None else self._send
        self._run = run
        self._ledger = run.ledger
        #: Held by whoever says or counts losses: the sink's thread and the sender's both do.
        self._losses = threading.Lock()
        self._lost = 0
        self._reason = ""
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._stopping = False
        self._hurry = 0
        self._delivery: Delivery | None = None
        self._away_since: float | None = None
        info = {
            "run": run.id,
            "spec": run.spec,
            "endpoint": self.endpoint,
            "mode": "online" if self._sending else "offline",
        }
        try:
            self._spool = Spool.create(settings.spool, info, settings.spool_bytes)
        except OSError as error:
            import tempfile

            elsewhere = Path(tempfile.mkdtemp(prefix="gauntlet-spool-"))
            self._ledger.warn(
                "spool", f"the spool {settings.spool} cannot be used ({error}); it is in {elsewhere}"
            )
            self._spool = Spool.create(elsewhere, info, settings.spool_bytes)
        if self._sending:
            # Imported here, not on the sender's thread: a fork in the middle of an import blocks the child's imports.
            from ..client import Client

            self._client = Client(self.endpoint, self._key)
            self._thread = threading.Thread(target=self._deliver, name="gauntlet-sender", daemon=True)
            self._thread.start()

    @property
    def folder(self) -> Path:
        """The spool's folder."""
        return self._spool.folder

    def write(self, records: Sequence[Record]) -> None:
        lines = []
        for record in records:
            if record.kind == "run.started":
                continue  # Creating the run says it.
            if record.blob is not None:
                self._keep(record)
            lines.append(record.line)
        self._say_gap()
        kept = self._spool.append(lines)
        if kept < len(lines):
            self._lose(len(lines) - kept, "the spool was full")
        self._wake.set()

    def flush(self, timeout: float) -> bool:
        """Waits until the server has acknowledged everything written so far; offline, the spool is enough."""
        target = self._spool.appended
        if not self._sending:
            return True
        deadline = time.monotonic() + timeout
        self._hurry += 1
        self._wake.set()
        try:
            with self._changed:
                while self._spool.finished < target or self._delivery is None or not self._delivery.known:
                    now = time.monotonic()
                    away = self._away_since
                    if now >= deadline or (not self.patient and away is not None and now - away > _PATIENCE):
                        return False
                    self._changed.wait(min(0.25, deadline - now))
        finally:
            self._hurry -= 1
        return True

    def close(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(2.0)
        left = self._spool.appended - self._spool.finished
        folder = self._spool.folder
        if self._thread is None or not self._thread.is_alive():
            self._spool.close()
        if left and not self._run.settings.quiet:
            self._ledger.warn(
                "left", f"{left} events wait in {folder}; `python -m gauntlet sync` delivers them"
            )

    def forked(self) -> Sink | None:
        """A spool and a sender of its own, for the same run."""
        self._spool.abandon()
        return ServerSink(self._endpoint, self._api_key, self._send)

    def stats(self) -> dict[str, int]:
        return {"spooled": self._spool.appended - self._spool.finished}

    # On the sink's thread

    def _keep(self, record: Record) -> None:
        """Puts an artifact's content beside the events, until it is uploaded."""
        target = self._spool.blob(record.body["sha256"])
        try:
            target.parent.mkdir(exist_ok=True)
            draft = target.with_suffix(".new")
            if isinstance(record.blob, Path):
                if copy_hashed(record.blob, draft) != record.body["sha256"]:
                    raise OSError(f"{record.blob} changed while it was read")
            elif record.blob is not None:
                draft.write_bytes(record.blob)
            draft.replace(target)
        except OSError as error:
            self._ledger.count("uploads_refused")
            self._ledger.warn(
                "blob", f"an artifact's content was not kept: {error}; its event is sent all the same"
            )

    def _lose(self, n: int, reason: str) -> None:
        with self._losses:
            self._lost += n
            self._reason = reason
        self._ledger.count("server.dropped", n)
        self._ledger.warn("lost", f"{n} events were lost: {reason}")

    def _say_gap(self) -> None:
        """Says in the stream what was lost or refused, as soon as there is room."""
        delivery = self._delivery
        with self._losses:
            while delivery is not None and delivery.refusals:
                self._append_gap(1, f"refused by the server: {delivery.refusals.pop(0)}")
            if self._lost and self._append_gap(self._lost, self._reason):
                self._lost = 0

    def _append_gap(self, lost: int, reason: str) -> bool:
        return self._spool.append([happening(Gap(lost, label(reason, "unknown")))]) == 1

    # On the sender's thread

    def _deliver(self) -> None:
        client = self._client
        self._delivery = delivery = Delivery(self._spool, client, self._ledger, self._run.owner)
        leftovers = _Leftovers(self._run, self._spool, client)
        while True:
            self._wake.clear()
            try:
                leftovers.of_this_run()
                while delivery.step():
                    self._present()
                if delivery.refusals or self._lost:
                    self._say_gap()
                    continue
                self._present()
                if self._stopping:
                    # What workers left that were killed in the meantime, as those of a pool are.
                    leftovers.of_this_run(again=True)
                    break
                if not leftovers.step():
                    self._wake.wait(5.0)
            except Later as later:
                if self._stopping:
                    break
                self._pause(later)
            except Exception as error:
                self._ledger.bug("the sender", error)
                if self._stopping:
                    break
                self._pause(Later(1.0, str(error)))
        leftovers.close()
        client.close()

    def _present(self) -> None:
        self._away_since = None
        with self._changed:
            self._changed.notify_all()

    def _pause(self, later: Later) -> None:
        """Waits. New events do not make it shorter; a flush does, unless the server asked for the wait."""
        if self._away_since is None:
            self._away_since = time.monotonic()
        self._ledger.warn("away", f"{later}; events are kept in {self._spool.folder} and sent later")
        began = time.monotonic()
        while not self._stopping:
            passed = time.monotonic() - began
            hurried = self._hurry and not later.asked and passed > _HURRIED
            if passed >= later.seconds or hurried:
                break
            time.sleep(0.02)


class _Leftovers:
    """Delivers what dead processes left for the same server, while there is nothing newer to send."""

    def __init__(self, run: RunInfo, own: Spool, client: Client) -> None:
        self._run = run
        self._own = own
        self._client = client
        self._ledger = Ledger()
        self._current: Delivery | None = None
        self._skipped: set[Path] = set()
        self._looked = 0.0
        self._caught_up = False

    def of_this_run(self, again: bool = False) -> None:
        """The same run first: its older events stand before the new ones. Once it is done it costs nothing, unless
        it is asked ``again``."""
        self._caught_up = self._caught_up and not again
        while self._current is not None and self._current.run == self._run.id and self.step():
            pass
        while not self._caught_up:
            found = next(
                filter(None, (self._take(f, self._run.id) for f in orphans(self._run.settings.spool))), None
            )
            if found is None:
                self._caught_up = True
                return
            self._current = Delivery(found, self._client, self._ledger)
            while self._current is not None and self.step():
                pass

    def step(self) -> bool:
        """Sends one batch; ``False`` where there is nothing left."""
        if self._current is None and not self._find():
            return False
        assert self._current is not None
        more = self._current.step()
        if not more:
            self._run.ledger.count("recovered", self._current.spool.finished)
            self._current.spool.close()
            self._current = None
        return True

    def close(self) -> None:
        """Lets go of what is not finished; another process goes on with it."""
        if self._current is not None:
            self._current.spool.close()
            self._current = None

    def _find(self) -> bool:
        if time.monotonic() - self._looked < 30.0:
            return False
        for folder in orphans(self._run.settings.spool):
            spool = self._take(folder)
            if spool is not None:
                self._current = Delivery(spool, self._client, self._ledger)
                return True
        self._looked = time.monotonic()
        return False

    def _take(self, folder: Path, only: str | None = None) -> Spool | None:
        if folder == self._own.folder or folder in self._skipped:
            return None
        spool = Spool.adopt(folder)
        if spool is None:
            return None
        same = spool.info.get("endpoint") == self._own.info["endpoint"] and spool.info.get("mode") == "online"
        if not same or (only is not None and spool.info.get("run") != only):
            if not same:
                self._skipped.add(folder)
            spool.close()
            return None
        return spool
