"""The server sink: to the spool at once, from there to the server by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..delivery import DELETED, Delivery, Later, Undeliverable
from ..errors import GauntletError
from ..events import Gap, encode_now
from ..folders import set_aside
from ..settings import address
from ..spool import Spool
from ..values import label
from .base import Record, RunInfo, Sink
from .leftovers import Leftovers

__all__ = ["ServerSink"]

#: A flush of a finishing run gives up after the server was away for so long, seconds.
_PATIENCE = 3.0
#: Time before the next try while a `flush` waits, seconds.
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
        self._spool: Spool | None = None
        self._ending: dict[str, Any] | None = None

    def open(self, run: RunInfo) -> None:
        settings = run.settings
        self.endpoint = self._endpoint or settings.endpoint
        self._key = self._api_key or settings.api_key
        self._sending = settings.mode != "offline" if self._send is None else self._send
        self._run = run
        self._ledger = run.ledger
        #: Held while losses are counted or reported: the sink's thread and the sender's both do that.
        self._losses = threading.Lock()
        self._lost = 0
        self._reason = ""
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._stopping = False
        self._hurry = 0
        self._delivery: Delivery | None = None
        #: Why nothing more of this run can ever be delivered.
        self._over: str | None = None
        self._away_since: float | None = None
        info = {
            "run": run.id,
            "spec": run.spec,
            "endpoint": self.endpoint,
            "mode": "online" if self._sending else "offline",
            "writer": run.writer,
            "given": list(run.requested),
        }
        self._spool = self._made(settings.spool, info, settings.spool_bytes)
        if self._sending:
            # Imported here, not on the sender's thread: a fork in the middle of an import blocks the child's
            # imports.
            from ..client import Client
            from ..heartbeat import Heartbeat

            self._client = Client(self.endpoint, self._key)
            alive = Client(self.endpoint, self._key, timeout=5.0)
            self._heartbeat = Heartbeat(alive, run.id, run.writer, self._ledger)
            self._thread = threading.Thread(target=self._deliver, name="gauntlet-sender", daemon=True)
            self._thread.start()

    def _made(self, root: Path, info: dict[str, Any], most_bytes: int) -> Spool:
        """The spool: in its folder, else in a temporary one, else in memory."""
        try:
            return Spool.create(root, info, most_bytes)
        except (OSError, ValueError) as error:
            import tempfile

            try:
                elsewhere = Path(tempfile.mkdtemp(prefix="gauntlet-spool-"))
                spool = Spool.create(elsewhere, info, most_bytes)
                instead = f"it is in {elsewhere}"
            except OSError:
                spool = Spool.in_memory(root, info)
                instead = "events are delivered from memory"
            self._ledger.warn("spool", f"the spool {root} cannot be used ({error}); {instead}")
            return spool

    @property
    def spool(self) -> Spool:
        """What is written and not yet delivered. Only of an opened sink."""
        assert self._spool is not None
        return self._spool

    @property
    def folder(self) -> Path:
        """The spool's folder."""
        return self.spool.folder

    def write(self, records: Sequence[Record]) -> None:
        if self._over is not None:
            self._lose(len(records), self._over)
            return
        lines = []
        for record in records:
            if record.kind == "run.started":
                continue  # Creating the run sends it.
            if record.blob is not None:
                self._keep(record)
            lines.append(record.line)
        self._report_gap()
        written = self.spool.append(lines)
        if written < len(lines):
            self._lose(len(lines) - written, "the spool was full")
        self._wake.set()

    def flush(self, timeout: float) -> bool:
        """Waits until the server has acknowledged everything written so far; offline, the spool is enough."""
        spool = self.spool
        target = spool.appended
        if not self._sending:
            durable = spool.is_durable()
            if lost := spool.take_vanished():
                self._lose(lost, "the spool's files were removed")
            return durable
        deadline = time.monotonic() + timeout
        self._hurry += 1
        self._wake.set()
        try:
            with self._changed:
                while spool.finished < target or self._delivery is None or not self._delivery.known:
                    now = time.monotonic()
                    away = self._away_since
                    if now >= deadline or self._over is not None or self._stopping:
                        return False
                    if not self.patient and away is not None and now - away > _PATIENCE:
                        return False
                    self._changed.wait(min(0.25, deadline - now))
        finally:
            self._hurry -= 1
        return self._over is None

    def leave(self, ending: dict[str, Any]) -> None:
        self._ending = ending

    def close(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._sending:
            self._heartbeat.stop()
        if self._thread is not None:
            self._thread.join(2.0)
        spool = self.spool
        left, in_memory = spool.appended - spool.finished, spool.in_memory_only
        if in_memory:
            self._lose(in_memory, "neither a disk nor the server took them")
        if self._thread is None or not self._thread.is_alive():
            spool.close()
        if self._over is None and left > in_memory:
            self._ledger.warn(
                "left",
                f"{left - in_memory} events wait in {spool.folder}; `python -m gauntlet sync` delivers them",
            )

    def forked(self) -> Sink | None:
        """A spool and a sender of its own, for the same run."""
        if self._spool is not None:
            self._spool.abandon()
        return ServerSink(self._endpoint, self._api_key, self._send)

    def stats(self) -> dict[str, int]:
        spool = self._spool
        return {"spooled": 0 if spool is None else spool.appended - spool.finished}

    # On the sink's thread

    def _keep(self, record: Record) -> None:
        """Puts an artifact's content beside the events, until it is uploaded."""
        assert record.blob is not None
        try:
            self.spool.keep_blob(record.body["sha256"], record.blob)
        except OSError as error:
            self._ledger.count("uploads_refused")
            self._ledger.lose("the content of an artifact was not kept")
            self._ledger.warn(
                "blob", f"an artifact's content was not kept: {error}; its event is sent all the same"
            )

    def _lose(self, n: int, reason: str) -> None:
        with self._losses:
            self._lost += n
            self._reason = reason
        self._ledger.count("server.dropped", n)
        self._ledger.lose(reason, n)
        self._ledger.warn("lost", f"{n} events were lost: {reason}")

    def _report_gap(self) -> None:
        """Adds an event that reports what was lost or refused, as soon as there is room."""
        delivery = self._delivery
        with self._losses:
            while delivery is not None and delivery.refusals:
                self._append_gap(1, f"refused by the server: {delivery.refusals.pop(0)}")
            if self._lost and self._append_gap(self._lost, self._reason):
                self._lost = 0

    def _append_gap(self, lost: int, reason: str) -> bool:
        return self.spool.append([encode_now(Gap(lost, label(reason, "unknown")))]) == 1

    # On the sender's thread

    def _deliver(self) -> None:
        client, heartbeat, spool = self._client, self._heartbeat, self.spool
        leftovers = Leftovers(self._run, spool, client, heartbeat.finish_for)
        self._delivery = delivery = Delivery(
            spool,
            client,
            self._ledger,
            creates=not self._run.exists,
            is_written=self._run.owner,
            heartbeat=heartbeat,
            before_end=lambda: self._end_workers(leftovers),
        )
        while True:
            self._wake.clear()
            try:
                delivery.ready()
                leftovers.of_this_run()
                while delivery.step():
                    self._present()
                if heartbeat.gone:
                    raise Undeliverable(DELETED)
                if delivery.refusals or self._lost:
                    self._report_gap()
                    continue
                self._present()
                if self._stopping:
                    if self._ending is not None:
                        self._end_workers(leftovers)
                        heartbeat.finish(self._ending)
                    break
                if not leftovers.step():
                    self._wake.wait(5.0)
            except Later as later:
                if self._stopping:
                    break
                self._pause(later)
            except Undeliverable as error:
                self._abandon(str(error))
                break
            except GauntletError as error:
                if self._stopping:
                    # The server finds out by itself that this process has ended, after a while.
                    self._ledger.warn(
                        "leaving", f"the end of this process was not reported to the server: {error}"
                    )
                    break
                self._pause(Later(1.0, str(error)))
            except Exception as error:
                self._ledger.bug("the sender", error)
                if self._stopping:
                    break
                self._pause(Later(1.0, str(error)))
        leftovers.close()
        client.close()

    def _end_workers(self, leftovers: Leftovers) -> None:
        """Before the end of this process is reported: what workers left that were killed in the meantime, as
        those of a pool are, is delivered, and the server need not wait for them."""
        try:
            leftovers.of_this_run(again=True)
        except (Later, GauntletError) as error:
            # The server finds out by itself, after a while.
            self._ledger.warn("workers", f"what workers of this run left is not delivered: {error}")

    def _abandon(self, reason: str) -> None:
        """The server takes nothing of this run any more: counted, and reported once."""
        spool = self.spool
        self._over = reason
        self._heartbeat.stop()
        lost = spool.appended - spool.finished
        if lost:
            self._lose(lost, reason)
            spool.finished = spool.appended
        if reason == DELETED:
            spool.discard()
            self._ledger.warn("over", f"{reason}; nothing more is sent for it")
        else:
            spool.release()
            where = set_aside(spool.folder, reason) if spool.on_disk else None
            self._ledger.warn("over", f"{reason}; what was recorded is in {where}" if where else reason)
        self._present()

    def _present(self) -> None:
        self._away_since = None
        with self._changed:
            self._changed.notify_all()

    def _pause(self, later: Later) -> None:
        """Waits. New events do not make it shorter; a flush does, unless the server asked for the wait."""
        if self._away_since is None:
            self._away_since = time.monotonic()
        self._ledger.warn("away", f"{later}; events are kept in {self.folder} and sent later")
        began = time.monotonic()
        while not self._stopping:
            passed = time.monotonic() - began
            hurried = self._hurry and not later.asked and passed > _HURRIED
            if passed >= later.seconds or hurried:
                break
            time.sleep(0.02)
