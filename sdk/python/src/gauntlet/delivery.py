"""From a spool to the server: one batch at a time, in order, each event exactly once in the log.

Ids make sending twice harmless, so a batch is sent until it is acknowledged. What the server refuses is set aside
with its reason and the rest goes on.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from .errors import ApiError, Unreachable
from .events import Ending, RunStatus, happening
from .ledger import Ledger
from .spool import Spool

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Delivery", "Later"]

#: Most events in one request.
BATCH_EVENTS = 2000
#: Most bytes in one request before compression; the server's limit is 32 MiB.
BATCH_BYTES = 4 << 20
#: Statuses after which the same request may succeed.
_PASSING = {401, 403, 408, 421, 425, 429, 500, 502, 503, 504}
#: How often a run is created again that the server has lost.
_MOST_CREATED = 8
_ARTIFACT = b'"kind":"artifact.added"'


def _no_run(error: ApiError) -> bool:
    return error.status == 404 and error.message.startswith("there is no run")


class Later(Exception):
    """Nothing more can be delivered now; try again in ``seconds``, which the server may have ``asked`` for."""

    def __init__(self, seconds: float, why: str, asked: bool = False) -> None:
        super().__init__(why)
        self.seconds = seconds
        self.asked = asked


class Delivery:
    """Sends what one spool holds."""

    def __init__(
        self, spool: Spool, client: Client, ledger: Ledger, goes_on: Callable[[], bool] = lambda: False
    ) -> None:
        self.spool = spool
        self.client = client
        self.ledger = ledger
        self.run = str(spool.info["run"])
        #: Whether what is delivered is a run that goes on, and not what a process left behind.
        self._goes_on = goes_on
        #: Whether the server has the run.
        self.known = False
        self._created = 0
        self._most = BATCH_EVENTS
        self._failures = 0
        #: Refused events not yet said in the stream, and the last reason.
        self.refusals: list[str] = []

    def step(self) -> bool:
        """Sends the next batch; ``False`` where there is none. Raises :class:`Later` where it must wait."""
        try:
            if not self.known:
                self._create()
            lines = self.spool.read(self._most, BATCH_BYTES)
            if not lines:
                return False
            self._send(lines)
        except Unreachable as error:
            raise self._later(str(error), None) from error
        except ApiError as error:
            raise self._later(str(error), error.retry_after) from error
        if self._failures:
            self._failures = 0
            self.ledger.again("away")
        return True

    def _later(self, why: str, retry_after: float | None) -> Later:
        self._failures += 1
        self.ledger.count("retried")
        if retry_after is not None:
            return Later(retry_after + random.uniform(0.0, 0.25), why, asked=True)
        return Later(min(10.0, 0.25 * 2.0 ** min(self._failures, 8)) * random.uniform(0.5, 1.0), why)

    def _create(self) -> None:
        status: Any = None
        try:
            status = self.client.create_run(self.spool.info["spec"]).get("status")
        except ApiError as error:
            if error.status == 409:
                status = self.client.run(self.run).get("status")
                # It exists and was begun with other settings: a run that goes on, or a second process.
                self.ledger.warn(
                    "exists",
                    f"run {self.run!r} exists with other settings; they stay, events are added to it",
                )
            elif error.status == 422:
                self.ledger.warn("spec", f"the server does not take the run's settings: {error.message}")
                self.client.create_run({"id": self.run, "name": self.run[:200]})
            else:
                raise
        if status in get_args(Ending) and self._goes_on():
            self.client.append(self.run, [happening(RunStatus("running", "the run goes on"))])
        self.known = True

    def _send(self, lines: list[bytes]) -> None:
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

    def _refused(self, lines: list[bytes], error: ApiError) -> None:
        if _no_run(error) and self._created < _MOST_CREATED:
            # The server has lost the run, or never had it: its data folder is a new one.
            self._created += 1
            self.known = False
            return
        if error.status in _PASSING or error.status >= 500:
            self.ledger.warn("away", f"the server answers {error}; events are kept and sent later")
            raise error
        index = error.index
        if len(lines) == 1:
            index = 0
        if index is None or index >= len(lines):
            # It does not say which one: half of the batch is tried next.
            self._most = max(1, len(lines) // 2)
            return
        if index > 0:
            # What stands before the bad one is good: it is sent first, so that the order stays.
            self.client.append(self.run, lines[:index])
            self.ledger.count("sent", index)
            self.spool.advance(lines[:index])
        self._set_aside(lines[index], error)
        self.spool.advance(lines[index : index + 1])
        self._most = max(16, index)

    def _set_aside(self, line: bytes, error: ApiError) -> None:
        reason: dict[str, Any] = {"field": error.field, "message": error.message, "status": error.status}
        path = self.spool.refuse(line, reason)
        self.ledger.count("refused")
        self.ledger.warn(
            f"refused {error.field}", f"the server refused an event, {error.message}; it is kept in {path}"
        )
        if b'"kind":"gap"' not in line:
            self.refusals.append(error.message)

    def _upload(self, line: bytes) -> None:
        try:
            sha256 = str(json.loads(line)["body"]["sha256"])
        except (ValueError, KeyError, TypeError):
            return
        file = self.spool.blob(sha256)
        if not file.is_file():
            return
        try:
            self.client.put_artifact(self.run, sha256, file)
            self.ledger.count("uploaded")
        except ApiError as error:
            if error.status in _PASSING or error.status >= 500 or _no_run(error):
                raise
            self.ledger.count("uploads_refused")
            self.ledger.warn(
                "upload",
                f"the server does not take an artifact's content ({error}); its event is sent all the same",
            )
        file.unlink(missing_ok=True)
