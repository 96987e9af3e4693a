"""A run: what a training loop holds. It begins and ends, has sinks, takes commands and records in its
journal."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, get_args
from urllib.parse import quote

from . import context, joining, lifecycle
from .control import Checkpoint, Command, Control
from .episodes import Episode, error_of
from .events import Ending, RunFinished, RunStarted, RunStatus, Status
from .journal import Journal
from .ledger import Ledger, Loss, print_line
from .settings import Settings
from .sinks.base import RunInfo, Sink, as_sink
from .sinks.outlet import Outlet
from .values import object_of, shown

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Run", "current_run"]

P = ParamSpec("P")
R = TypeVar("R")


def _of_journal(method: Callable[Concatenate[Journal, P], R]) -> Callable[Concatenate[Run, P], R]:
    """A method of the journal as one of the run, with its types and its documentation."""

    @functools.wraps(method)
    def call(self: Run, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return method(self.journal, *args, **kwargs)

    return call


class Run:
    """One training run, evaluation or simulation. Made by :func:`gauntlet.init`; safe from any thread."""

    def __init__(
        self,
        spec: RunStarted,
        run_id: str,
        settings: Settings,
        sinks: Sequence[Sink],
        ledger: Ledger,
        *,
        requested: Sequence[str] = (),
        exists: bool = False,
        after: int = -1,
        joined: bool = False,
    ) -> None:
        """``requested``: the settings that the caller named; ``exists``: the server has the run; ``after``:
        its last step; ``joined``: another process began it and ends it."""
        #: What it records.
        self.journal = Journal(settings.mode == "disabled", ledger, after)
        self.id = run_id
        self.name = spec.name
        self.project = spec.project
        self.config = dict(spec.config)
        self.endpoint = settings.endpoint
        self.status: Status = "running"
        #: Whether it continues a run of another process.
        self.resumed = False
        #: Whether a ``with`` block ends it.
        self.in_block = False
        self._spec = spec
        self._settings = settings
        self._sinks = [as_sink(sink) for sink in sinks]
        self._requested = tuple(requested)
        self._exists = exists or joined
        #: The process that began it; none where another machine or program did.
        self._owner = 0 if joined else os.getpid()
        self._finished = False
        self._hooks = lifecycle.Hooks(self._exit, self._terminate, self._forked)
        self._control = self._new_control()
        if not self.journal.off:
            self._open_sinks()
            if not joined:
                self.journal.put(spec)
            lifecycle.register(self._hooks)

    def _open_sinks(self) -> None:
        wire = {"id": self.id, **self._spec.body()}
        info = RunInfo(
            self.id,
            wire,
            self._settings,
            self.journal.ledger,
            self.is_owner,
            self.journal.writer,
            self._exists,
            self._requested,
        )
        for sink, name in zip(self._sinks, _names(self._sinks), strict=True):
            outlet = Outlet(sink, self.journal.ledger, name)
            outlet.open(info)
            self.journal.recorder.outlets.append(outlet)

    def _new_control(self) -> Control:
        online = self._settings.mode == "online"
        return Control(self.id, self.journal, self._set_status, self._connect if online else None)

    def _connect(self) -> Client:
        from .client import Client

        return Client(self.endpoint, self._settings.api_key)

    log = _of_journal(Journal.log)
    metrics = _of_journal(Journal.metrics)
    rollout = _of_journal(Journal.rollout)
    score = _of_journal(Journal.score)
    alert = _of_journal(Journal.alert)
    emit = _of_journal(Journal.emit)
    artifact = _of_journal(Journal.artifact)

    # What processes and integrations ask

    def is_owner(self) -> bool:
        """Whether this process began the run and ends it."""
        return self._owner == os.getpid()

    def disown(self) -> None:
        """Leaves it to another process to end the run."""
        self._owner = 0

    def identity(self) -> dict[str, Any]:
        """What another process needs to continue the run: arguments of :func:`gauntlet.init`."""
        return joining.identity(self._spec, self.id, self._settings)

    @property
    def url(self) -> str:
        """Where people look at the run."""
        return f"{self.endpoint}/runs/{quote(self.id, safe='')}"

    def _repr_html_(self) -> str:
        """What a notebook shows: a link, and the live page in a frame where the server allows that."""
        return self._html()

    def _html(self, height: int | None = None) -> str:
        from . import notebook

        client = self._connect() if self._settings.mode == "online" else None
        frame = notebook.frame(client, self.url, self.name, notebook.HEIGHT if height is None else height)
        link = notebook.link(self.url, self.name, self.project)
        return f"<div>{link}: {self.status}{frame}</div>"

    def show(self, height: int | None = None) -> bool:
        """Shows the live page of the run below a notebook's cell, ``height`` CSS pixels high (480 by
        default), where the server's ``frame_ancestors`` names the notebook, else a link. Elsewhere prints the
        address. Returns whether a notebook shows it."""
        from . import notebook

        return notebook.display(self._html(height), self.url)

    @property
    def stats(self) -> dict[str, int]:
        """What was counted so far: ``sent``, ``spooled`` (waiting on disk), ``retried``, ``refused`` (set
        aside), ``dropped``, ``skipped_values``, ``cut_texts``, and each sink's own."""
        names = ("sent", "spooled", "retried", "refused", "dropped", "skipped_values", "cut_texts")
        counts = {**dict.fromkeys(names, 0), **self.journal.ledger.snapshot()}
        for sink in self._sinks:
            try:
                for name, count in sink.stats().items():
                    # Several sinks may count under one name.
                    counts[name] = counts.get(name, 0) + count
            except Exception as error:
                self.journal.ledger.bug(f"counting the {sink.name} sink", error)
        return counts

    def losses(self) -> list[Loss]:
        """What was logged and is lost, as ``{"reason": ..., "count": ...}``; empty where
        everything is stored or queued. Values that are not evaluated, and repaired or cut texts, are in
        :attr:`stats`."""
        return self.journal.ledger.losses()

    def episode(
        self, task: str | None = None, id: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Episode:
        """An episode, as a ``with`` or ``async with`` block."""
        return Episode(self, task, id, metadata)

    # Commands

    def commands(self, timeout: float = 0) -> list[Command]:
        """Commands not yet acknowledged, oldest first; waits up to ``timeout`` seconds for the first one.

        A background thread fetches them from the first call on, so that asking costs nothing.
        """
        return [] if self.journal.off else self._control.pending(timeout)

    def checkpoint(
        self,
        tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
        timeout: float | None = None,
        raise_on_stop: bool = False,
    ) -> Literal["continue", "stop"]:
        """Where the loop takes the commands of a person. Costs nothing while there are none.

        Pause blocks until resume, or for ``timeout`` seconds at most. A tweak calls ``tweak`` with the
        parameters, or changes those the ``tweak`` mapping declares, each keeping its type. Stop is answered
        ``"stop"``, or raises :class:`gauntlet.Stopped` where ``raise_on_stop`` is true.
        """
        return "continue" if self.journal.off else self._control.checkpoint(tweak, timeout, raise_on_stop)

    async def acheckpoint(
        self,
        tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
        timeout: float | None = None,
        raise_on_stop: bool = False,
    ) -> Literal["continue", "stop"]:
        """As :meth:`checkpoint`; other tasks run while this one is paused."""
        if self.journal.off:
            return "continue"
        return await self._control.acheckpoint(tweak, timeout, raise_on_stop)

    def subscribe(self, after: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """What is appended to the run, as ``(seq, fact)``, from past ``after`` on, live and without end.

        Waits for the run to reach the server, and reconnects by itself with nothing missing and nothing
        twice. Raises :class:`gauntlet.ApiError` where the server refuses. Of a run that records nothing there
        is nothing.
        """
        if self.journal.off:
            return iter(())
        from .live import follow

        return follow(self.endpoint, self._settings.api_key, self.id, after)

    def pause(self, why: str, tweak: Any, timeout: float | None) -> Checkpoint:
        """Pauses the run until a person resumes it; for an integration that waits in its own way."""
        self._set_status("paused", why)
        return Checkpoint(self._set_status, tweak, timeout, paused=True)

    def _set_status(self, status: Status, why: str) -> None:
        self.status = status
        self.journal.put(RunStatus(status, why))

    # The end

    def flush(self, timeout: float = 30.0) -> bool:
        """Waits until everything logged so far is safe: acknowledged by the server, written by the other
        sinks. ``False`` where that takes longer than ``timeout`` seconds, or where something logged so far is
        lost; see :meth:`losses`.

        What it answered ``True`` for survives the loss of this process, and of the server's. Offline, the
        files of the spool are enough.
        """
        return True if self.journal.off else self.journal.recorder.flush(timeout, time.monotonic)

    def finish(self, status: Ending = "completed", summary: Mapping[str, Any] | None = None) -> None:
        """Ends this process's part of the run and waits for the server, GAUNTLET_FINISH_SECONDS at most; less
        while it is away. The run ends when no other process writes to it. What could not be delivered stays
        in the spool for the next run, or for ``python -m gauntlet sync``; what is lost is printed in one
        line."""
        self._finish(status, object_of(summary, self.journal.ledger), self._settings.finish_seconds)

    def _finish(self, status: Ending, summary: dict[str, Any], seconds: float) -> None:
        # From the first line on: a signal that came in the middle of an import below would block on its lock.
        with lifecycle.finishing():
            with self.journal.lock:
                if self._finished:
                    return
                self._finished = True
            self._end(status, {**self._last_summary(), **summary}, seconds)

    def _last_summary(self) -> dict[str, Any]:
        """What the end of the run sends beside the summary that it is given."""
        return {}

    def _end(self, status: Ending, summary: dict[str, Any], seconds: float) -> None:
        self._settle()
        context.leave(self)
        lifecycle.forget(self._hooks)
        if self.journal.off:
            return
        if status not in get_args(Ending):
            known = ", ".join(get_args(Ending))
            self.journal.ledger.warn(
                "status", f"a run cannot end as {shown(status)}, only as one of {known}: completed"
            )
            status = "completed"
        if self.is_owner():
            self.journal.put(RunFinished(status, summary or None))
        else:
            ending = {"status": status, **({"summary": summary} if summary else {})}
            for sink in self._sinks:
                sink.leave(ending)
        self.status = status
        self._control.close()
        for sink in self._sinks:
            sink.patient = False
        self.flush(seconds)
        self.journal.recorder.close(1.0)
        if losses := self.losses():
            parts = "; ".join(f"{loss['count']} ({loss['reason']})" for loss in losses)
            print_line(f"{self.name}: {sum(loss['count'] for loss in losses)} lost: {parts}")

    def _settle(self) -> None:
        """Before its end: what an integration still holds is recorded, and every open episode ends."""
        ends: list[Callable[[], None]] = list(self.journal.before_finish)
        ends += [episode.cancel for episode in self.journal.open_episodes.values()]
        for end in ends:
            try:
                end()
            except Exception as error:
                self.journal.ledger.bug("ending a run", error)

    def fail(self, error: BaseException) -> None:
        """Ends the run as failed by that error; an interrupt from the keyboard cancels it."""
        failure = error_of(error)
        summary: dict[str, Any] = {
            "error": {"type": failure.type_, "message": failure.message, "traceback": failure.traceback}
        }
        code = lifecycle.exit_code(error)
        if code is not None:
            summary["exit_code"] = code
        self.finish("cancelled" if isinstance(error, KeyboardInterrupt) else "failed", summary)

    def __enter__(self) -> Run:
        self.in_block = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit(error)

    def _exit(self, error: BaseException | None) -> None:
        if error is None or lifecycle.exit_code(error) == 0:
            self.finish()
        else:
            self.fail(error)

    def _terminate(self, summary: dict[str, Any], seconds: float) -> None:
        if self.is_owner():
            self._finish("cancelled", summary, seconds)
        else:
            # Pools end their workers so: they have done what they were asked for.
            self._finish("completed", {}, seconds)

    def __repr__(self) -> str:
        return f"<gauntlet.Run {self.name!r} {self.url}>"

    def _forked(self) -> None:
        """In a forked child: new threads, a spool of its own; what the parent queued stays the parent's."""
        children = []
        for sink in self._sinks:
            try:
                child = sink.forked()
            except Exception:
                child = None
            if child is not None:
                children.append(as_sink(child))
        self._sinks = children
        self._exists = True
        self.journal.renew(Ledger())
        self._control = self._new_control()
        # Not before there is something to record: most forks record nothing.
        self.journal.recorder.opens = self._open_sinks

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, which becomes one more writer of this run."""
        return joining.join, (type(self), self.identity())


def _names(sinks: Sequence[Sink]) -> list[str]:
    """A name for each sink that no other has: a second ``file`` is ``file-2``. The server's sink keeps its
    own."""
    from .sinks.server import ServerSink

    taken = {ServerSink.name} if any(isinstance(sink, ServerSink) for sink in sinks) else set()
    names, is_first_server = [], True
    for sink in sinks:
        name, number = sink.name, 1
        if isinstance(sink, ServerSink) and is_first_server:
            is_first_server = False
        else:
            while name in taken:
                number += 1
                name = f"{sink.name}-{number}"
        taken.add(name)
        names.append(name)
    return names


def current_run() -> Run | None:
    """The run begun last that has not ended."""
    run = context.latest()
    return run if isinstance(run, Run) else None
