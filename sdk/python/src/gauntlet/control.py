"""Commands of a person, on the training side: fetched in the background, carried out at checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .errors import ApiError, GauntletError, Stopped
from .events import CommandApplied, Status
from .journal import Journal
from .values import text

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Checkpoint", "Command", "Control", "apply_tweak", "coerced"]

Outcome = Literal["continue", "stop"]
#: Changes the run's status, for a reason.
SetStatus = Callable[[Status, str], None]

#: How long the server holds a question for commands, seconds.
_LONG_POLL_SECONDS = 20
_AFTER_ERROR_SECONDS = 1.0
_BETWEEN_KNOWN_SECONDS = 0.25


@dataclass(slots=True)
class Command:
    """What a person asked for: ``pause``, ``resume``, ``tweak``, ``answer`` or ``stop``."""

    id: str
    action: str
    parameters: dict[str, Any]
    author: str
    _control: Control = field(repr=False)

    def ack(self, result: str = "ok") -> None:
        """Acknowledges it with its result; it is not delivered again."""
        self._control.acknowledge(self, result)


class Control:
    """The commands of one run. ``connect`` makes a client of its server; without it no command comes."""

    def __init__(
        self, run: str, journal: Journal, set_status: SetStatus, connect: Callable[[], Client] | None
    ) -> None:
        self._run = run
        self._journal = journal
        self._set_status = set_status
        self._connect = connect
        self._changed = threading.Condition()
        self._waiting: dict[str, Command] = {}
        self._known: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def pending(self, timeout: float) -> list[Command]:
        """Commands not yet acknowledged; waits for the first."""
        self._listen()
        with self._changed:
            if timeout > 0:
                self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            return list(self._waiting.values())

    def acknowledge(self, command: Command, result: str) -> None:
        """Records the result of a command, in order with the run's other events."""
        with self._changed:
            if self._waiting.pop(command.id, None) is None:
                return
        self._journal.emit(CommandApplied(command.id, text(result)))

    def close(self) -> None:
        """Ends the fetching."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def checkpoint(self, tweak: Any, timeout: float | None, raise_on_stop: bool) -> Outcome:
        """See :meth:`gauntlet.Run.checkpoint`."""
        checkpoint = Checkpoint(self._set_status, tweak, timeout)
        while checkpoint.apply(self.pending(0)):
            self.pending(checkpoint.wait_seconds())
        return checkpoint.outcome(raise_on_stop)

    async def acheckpoint(self, tweak: Any, timeout: float | None, raise_on_stop: bool) -> Outcome:
        """See :meth:`gauntlet.Run.acheckpoint`."""
        import asyncio

        checkpoint = Checkpoint(self._set_status, tweak, timeout)
        while checkpoint.apply(self.pending(0)):
            await asyncio.sleep(min(0.05, checkpoint.wait_seconds()))
        return checkpoint.outcome(raise_on_stop)

    # On the fetching thread

    def _listen(self) -> None:
        if self._thread is not None or self._closed or self._connect is None:
            return
        # Not on the thread, as this imports: a fork in the middle of an import blocks the child's imports.
        client = self._connect()
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._fetch, args=(client,), name="gauntlet-commands", daemon=True
                )
                self._thread.start()

    def _fetch(self, client: Client) -> None:
        while not self._closed:
            try:
                found = client.commands(self._run, _LONG_POLL_SECONDS)
                if not self._add(found) and found:
                    self._sleep(_BETWEEN_KNOWN_SECONDS)
            except GauntletError as error:
                if not self._closed and not (isinstance(error, ApiError) and error.status == 404):
                    self._journal.ledger.warn("commands", f"commands cannot be fetched: {error}")
                self._sleep(_AFTER_ERROR_SECONDS)
            except Exception as error:
                self._journal.ledger.bug("fetching commands", error)
                self._sleep(_AFTER_ERROR_SECONDS)
        client.close()

    def _add(self, found: list[dict[str, Any]]) -> bool:
        new = [c for c in found if c["command_id"] not in self._known]
        with self._changed:
            for c in new:
                command = Command(c["command_id"], c["action"], c.get("parameters") or {}, c["author"], self)
                self._known.add(command.id)
                self._waiting[command.id] = command
            if new:
                self._changed.notify_all()
        return bool(new)

    def _sleep(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)


class Checkpoint:
    """One stop of the loop: takes commands until the loop may continue. ``paused``: whether the loop itself
    asked a person, and so is paused from the start."""

    def __init__(
        self, set_status: SetStatus, tweak: Any, timeout: float | None, paused: bool = False
    ) -> None:
        self._set_status = set_status
        self._tweak = tweak
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._paused = paused
        self._stopped_by: str | None = None
        #: The last answer, and who gave it.
        self.answer: tuple[str, str] | None = None

    def apply(self, commands: list[Command]) -> bool:
        """Applies commands; returns whether the loop stays paused."""
        for command in commands:
            command.ack(self._do(command))
            if self._stopped_by is not None:
                break
        if self._paused and self._deadline is not None and time.monotonic() >= self._deadline:
            self._go_on("nobody resumed in time")
        return self._paused

    def wait_seconds(self) -> float:
        """How long to wait for the next command, seconds."""
        return 60.0 if self._deadline is None else max(0.0, min(60.0, self._deadline - time.monotonic()))

    def outcome(self, raise_on_stop: bool) -> Outcome:
        """What the checkpoint returns to the loop."""
        if self._stopped_by is None:
            return "continue"
        if raise_on_stop:
            raise Stopped(self._stopped_by)
        return "stop"

    def _do(self, command: Command) -> str:
        if command.action == "pause":
            if self._paused:
                return "already paused"
            self._paused = True
            self._set_status("paused", f"{command.author} paused the run")
            return "paused"
        if command.action == "resume":
            if not self._paused:
                return "was not paused"
            self._go_on(f"{command.author} resumed the run")
            return "resumed"
        if command.action == "answer":
            answer = str(command.parameters.get("answer", ""))
            self.answer = (answer, command.author)
            if self._paused:
                self._go_on(f"{command.author} answered")
            return f"answered {answer!r}"
        if command.action == "tweak":
            return apply_tweak(self._tweak, command.parameters)
        if command.action == "stop":
            self._stopped_by = command.author
            self._paused = False
            return "stopping"
        return f"refused: {command.action!r} is not known here"

    def _go_on(self, why: str) -> None:
        self._paused = False
        self._set_status("running", why)


def apply_tweak(tweak: Any, parameters: dict[str, Any]) -> str:
    """Applies a tweak, completely or not at all; returns the result."""
    if tweak is None:
        return "refused: this loop takes no tweaks"
    try:
        if isinstance(tweak, dict):
            tweak.update({name: coerced(tweak, name, value) for name, value in parameters.items()})
            return "set " + ", ".join(f"{name} = {tweak[name]!r}" for name in parameters)
        answer = tweak(dict(parameters))
        return answer if isinstance(answer, str) else "set " + ", ".join(parameters)
    except Exception as error:
        return f"refused: {error or type(error).__name__}"


def coerced(declared: dict[str, Any], name: str, value: Any) -> Any:
    """The value in the type that the parameter has now."""
    if name not in declared:
        raise ValueError(f"there is no parameter {name!r}; there are {', '.join(declared) or 'none'}")
    now = declared[name]
    if isinstance(now, bool) or isinstance(value, bool):
        good = isinstance(now, bool) and isinstance(value, bool)
    elif isinstance(now, float):
        good = isinstance(value, (int, float))
        value = float(value) if good else value
    elif isinstance(now, int):
        good = isinstance(value, (int, float)) and float(value).is_integer()
        value = int(value) if good else value
    else:
        good = now is None or isinstance(value, type(now))
    if not good:
        raise ValueError(f"{name} is a {type(now).__name__}; {value!r} is not")
    return value
