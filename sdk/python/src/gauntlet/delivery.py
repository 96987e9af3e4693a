"""From a spool to the server: one batch at a time, in order, each event exactly once in the log.

Ids make sending twice harmless, so a batch is sent until it is acknowledged. What the server refuses is set
aside with its reason, and delivery continues with the next event.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from .errors import ApiError, Unreachable
from .events import Ending, RunStatus, encode_now
from .ledger import Ledger
from .spool import Spool
from .values import shown

if TYPE_CHECKING:
    from .client import Client
    from .heartbeat import Heartbeat

__all__ = ["DELETED", "Delivery", "Later", "Undeliverable", "differences"]

#: Most events in one request.
BATCH_EVENTS = 2000
#: Most bytes in one request before compression; the server's limit is 32 MiB.
BATCH_BYTES = 4 << 20
#: Statuses after which the same request may succeed.
_PASSING = {401, 403, 408, 421, 425, 429, 500, 502, 503, 504}
#: What a run cannot be created with, however often it is tried.
_NEVER = {400, 410, 413, 414, 422, 431}
#: How often a run is created again that the server has lost.
_MAX_CREATED = 8
#: Most fields that are left out of a run's settings, one after the other, until the server takes it.
_MAX_FIELDS = 8
#: Why nothing is sent for a run that a person has deleted.
DELETED = "the run was deleted"
_ARTIFACT = b'"kind":"artifact.added"'
#: An event begins with its id and its time, which are this long at most.
_END, _HEAD_BYTES = b'"kind":"run.finished"', 120


class Later(Exception):
    """Nothing more can be delivered now; try again in ``seconds``, which the server may have ``asked``
    for."""

    def __init__(self, seconds: float, why: str, asked: bool = False) -> None:
        super().__init__(why)
        self.seconds = seconds
        self.asked = asked


class Undeliverable(Exception):
    """Nothing of this spool will ever be taken: its run was deleted, or cannot be created."""


class Delivery:
    """Sends what one spool holds."""

    def __init__(
        self,
        spool: Spool,
        client: Client,
        ledger: Ledger,
        *,
        creates: bool = False,
        is_written: Callable[[], bool] = lambda: False,
        heartbeat: Heartbeat | None = None,
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.spool = spool
        self.client = client
        self.ledger = ledger
        self.run = str(spool.info["run"])
        #: Whether this process still writes the run; otherwise an earlier process left the spool behind.
        self._is_written = is_written
        #: Reports this process as a writer; the server ends the run when no other writer is left.
        self._heartbeat = heartbeat
        self._before_end = before_end
        #: Whether the server has the run, as far as is known. Only a run that begins here is created before
        #: its events are sent: one that was deleted meanwhile does not come back.
        self.known = not creates
        self._created = 0
        self._had_ended = False
        #: Whether the server knows that this process writes.
        self._begun = False
        self._most = BATCH_EVENTS
        self._failures = 0
        #: Refused events not yet reported in the stream, and the last reason.
        self.refusals: list[str] = []

    def step(self) -> bool:
        """Sends the next batch; ``False`` where there is none. Raises :class:`Later` where it must wait and
        :class:`Undeliverable` where waiting does not help."""
        return self._attempt(self._next)

    def ready(self) -> None:
        """Makes sure that the server has the run and knows that this process writes. Raises as
        :meth:`step`."""
        self._attempt(self._prepare)

    def _prepare(self) -> bool:
        """Returns whether a request was made: only one that succeeds shows that the server is back."""
        asked = not self.known
        if asked:
            self._create()
        if self._heartbeat is not None and not self._begun:
            self._begin(self._heartbeat)
            asked = True
        return asked

    def _next(self) -> bool:
        self._prepare()
        lines = self.spool.read(self._most, BATCH_BYTES)
        if lost := self.spool.take_vanished():
            self.ledger.lose("the spool's files were removed before they were sent", lost)
        if lines:
            self._send(lines)
        return bool(lines)

    def _attempt(self, what: Callable[[], bool]) -> bool:
        try:
            if not what():
                return False
        except Unreachable as error:
            raise self._later(str(error), None) from error
        except ApiError as error:
            if error.status == 410:
                raise Undeliverable(DELETED) from error
            if error.is_no_run and self._create_again():
                return True
            raise self._later(str(error), error.retry_after) from error
        if self._failures:
            self._failures = 0
            self.ledger.rearm("away")
        return True

    def _later(self, why: str, retry_after: float | None) -> Later:
        self._failures += 1
        self.ledger.count("retried")
        if retry_after is not None:
            return Later(retry_after + random.uniform(0.0, 0.25), why, asked=True)
        return Later(min(10.0, 0.25 * 2.0 ** min(self._failures, 8)) * random.uniform(0.5, 1.0), why)

    # Creating the run

    def _create(self) -> None:
        spec, requested = self.spool.info["spec"], self.spool.info.get("given", ())
        found = self._created_with(dict(spec))
        if found is None:
            found = self.client.run(self.run)
            # The run is continued, or another process of this job created it a moment before.
            if other := differences({name: spec[name] for name in requested if name in spec}, found):
                self.ledger.warn(
                    "exists", f"run {self.run!r} exists with other settings, which stay: {other}"
                )
        self._had_ended = found.get("status") in get_args(Ending)
        self.known = True

    def _begin(self, heartbeat: Heartbeat) -> None:
        """Reports that this process writes: a run that had ended is running again then."""
        if not heartbeat.begin() and self._had_ended and self._is_written():
            self.client.append(self.run, [encode_now(RunStatus("running", "the run goes on"))])
        self._begun = True

    def _created_with(self, spec: dict[str, Any]) -> dict[str, Any] | None:
        """Creates the run; ``None`` where it exists with other settings. A field that the server does not
        take is left out, so that it does not cost the others."""
        for _ in range(_MAX_FIELDS):
            try:
                return self.client.create_run(spec)
            except ApiError as error:
                if error.status == 409:
                    return None
                field = (error.field or "").split(".")[0]
                if error.status != 422 or field not in spec or field == "id":
                    if error.status in _NEVER:
                        raise Undeliverable(f"the server does not take the run: {error.message}") from error
                    raise
                self.ledger.warn(
                    f"spec {field}",
                    f"the server does not take the run's {field}: {error.message}; it is left out",
                )
                if field != "rules":  # An older server refuses rules and judges by its own.
                    self.ledger.lose(f"the run's {field} was refused")
                spec[field] = self.run[:100] if field == "name" else None
                spec = {name: value for name, value in spec.items() if value is not None}
        raise Undeliverable("the server does not take the run's settings")

    # Sending events

    def _send(self, lines: list[bytes]) -> None:
        if self._heartbeat is not None:
            # The server writes the end of a run, when its last writer has ended; what comes before it goes
            # first.
            at = next((i for i, line in enumerate(lines) if _END in line[:_HEAD_BYTES]), None)
            if at == 0:
                self._end(self._heartbeat, lines[0])
                return
            lines = lines[:at]
        try:
            for line in lines:
                if _ARTIFACT in line:
                    self._upload(line)
            self.client.append(self.run, lines)
        except ApiError as error:
            self._refused(lines, error)
            return
        self.ledger.count("sent", len(lines))
        self.spool.advance(lines)
        self._most = min(BATCH_EVENTS, self._most * 2)

    def _end(self, heartbeat: Heartbeat, line: bytes) -> None:
        body = json.loads(line)["body"]
        self._before_end()
        try:
            if not heartbeat.finish(body):
                self.client.append(self.run, [line])
        except ApiError as error:
            self._refused([line], error)
            return
        self.ledger.count("sent")
        self.spool.advance([line])

    def _create_again(self) -> bool:
        """The server has lost the run, or never had it: its data folder is a new one."""
        if self._created >= _MAX_CREATED:
            return False
        self._created += 1
        self.known = self._begun = False
        return True

    def _refused(self, lines: list[bytes], error: ApiError) -> None:
        if error.status == 410 or error.is_no_run:
            raise error
        if error.status in _PASSING or error.status >= 500:
            self.ledger.warn("away", f"the server answers {error}; events are kept and sent later")
            raise error
        refused = error.refused_events(len(lines))
        if len(lines) == 1:
            refused = {0: error.details[0] if error.details else {}}
        if not refused:
            # It does not name the event: half of the batch is tried next.
            self._most = max(1, len(lines) // 2)
            return
        last = max(refused)
        good = [line for index, line in enumerate(lines[:last]) if index not in refused]
        if good:
            # The events between those that the server names were read, and go first, so that the order stays.
            self.client.append(self.run, good)
            self.ledger.count("sent", len(good))
        for index, detail in refused.items():
            # An older server names one event at a time, with everything in its message.
            message = str(detail.get("message")) if len(refused) > 1 else error.message
            self._set_aside(lines[index], detail.get("field"), message, error.status)
        self.spool.advance(lines[: last + 1])
        if len(refused) == 1:
            self._most = max(16, last)

    def _set_aside(self, line: bytes, field: str | None, message: str, status: int) -> None:
        reason: dict[str, Any] = {"field": field, "message": message, "status": status}
        path = self.spool.refuse(line, reason)
        self.ledger.count("refused")
        self.ledger.lose(f"refused by the server: {message}")
        where = "" if path is None else f"; it is kept in {path}"
        self.ledger.warn(f"refused {field}", f"the server refused an event, {message}{where}")
        if b'"kind":"gap"' not in line:
            self.refusals.append(message)

    def _upload(self, line: bytes) -> None:
        try:
            sha256 = str(json.loads(line)["body"]["sha256"])
        except (ValueError, KeyError, TypeError):
            return
        content = self.spool.blob(sha256)
        if content is None:
            return
        try:
            self.client.put_artifact(self.run, sha256, content)
            self.ledger.count("uploaded")
        except OSError as error:
            self._lose_content(f"it cannot be read any more ({error})")
        except ApiError as error:
            if (
                error.status in _PASSING
                or error.status in {410, 500}
                or error.status > 500
                or error.is_no_run
            ):
                raise
            self._lose_content(f"the server does not take it ({error})")
        self.spool.drop_blob(sha256)

    def _lose_content(self, why: str) -> None:
        self.ledger.count("uploads_refused")
        self.ledger.lose("the content of an artifact was not kept")
        self.ledger.warn("upload", f"an artifact's content is lost: {why}; its event is sent all the same")


def differences(requested: dict[str, Any], found: dict[str, Any]) -> str:
    """Which of the given settings an existing run has otherwise, for a person; empty where none."""
    other = []
    for name, value in requested.items():
        there = found.get(name)
        if name in {"config", "metadata"} and isinstance(value, dict):
            have = there if isinstance(there, dict) else {}
            other += [
                f"{name}.{key} is {shown(have.get(key))}, here {shown(item)}"
                for key, item in value.items()
                if have.get(key) != item and key not in {"sdk", "resource"}
            ]
        elif there != value:
            other.append(f"{name} is {shown(there)}, here {shown(value)}")
    more = f" and {len(other) - 5} more" if len(other) > 5 else ""
    return ", ".join(other[:5]) + more
