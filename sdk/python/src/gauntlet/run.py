"""A run: what a training loop holds. Every method returns at once and none raises into the loop."""

from __future__ import annotations

import mimetypes
import operator
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from . import context, lifecycle
from .control import Command, Control
from .events import (
    Challenge,
    Event,
    Failure,
    RunFinished,
    RunStarted,
    RunStatus,
    ScoreAdded,
    SnapshotScored,
    Status,
    Target,
)
from .ledger import Ledger
from .recorder import Artifact, Entry, Logged, Recorder, Rollout
from .settings import Settings
from .sinks.base import RunInfo, Sink
from .sinks.outlet import Outlet
from .values import label, number, numbers, object_of, path_of, text

if TYPE_CHECKING:
    from .episodes import Episode

__all__ = ["Run"]

#: Files up to this size are read when they are named; larger ones later, on the recorder's thread. Bytes.
_READ_NOW_BYTES = 1 << 20


class Run:
    """One training run, evaluation or simulation. Made by :func:`gauntlet.init`; safe from any thread."""

    def __init__(self, spec: RunStarted, run_id: str, settings: Settings, sinks: Sequence[Sink]) -> None:
        self.id = run_id
        self.name = spec.name
        self.project = spec.project
        self.config = dict(spec.config)
        self.endpoint = settings.endpoint.rstrip("/")
        self.status: Status = "running"
        self._spec = spec
        self._settings = settings
        self._sinks = list(sinks)
        self._off = settings.mode == "disabled"
        self._owner = os.getpid()
        self._ledger = Ledger()
        self._start()
        if not self._off:
            self._put(spec)
            lifecycle.register(self)

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._last = -1
        self._open: dict[str, Episode] = {}
        self._finished = False
        self._control = Control(self, self._ledger)
        self._recorder = Recorder(self._ledger)
        wire = {"id": self.id, **self._spec.body()}
        info = RunInfo(self.id, wire, self._settings, self._ledger, self._owner == os.getpid())
        if self._off:
            return
        for sink in self._sinks:
            outlet = Outlet(sink, self._ledger)
            outlet.open(info)
            self._recorder.outlets.append(outlet)

    @property
    def url(self) -> str:
        """Where people look at the run."""
        return f"{self.endpoint}/runs/{quote(self.id, safe='')}"

    @property
    def stats(self) -> dict[str, int]:
        """What was counted so far: ``sent``, ``spooled`` (waiting on disk), ``retried``, ``refused`` (set aside),
        ``dropped``, ``skipped_values``, ``cut_texts``, and each sink's own."""
        names = ("sent", "spooled", "retried", "refused", "dropped", "skipped_values", "cut_texts")
        counts = {**dict.fromkeys(names, 0), **self._ledger.snapshot()}
        for sink in self._sinks:
            try:
                counts.update(sink.stats())
            except Exception as error:
                self._ledger.bug(f"counting the {sink.name} sink", error)
        return counts

    # Numbers

    def log(self, scores: Mapping[str, Any], step: int | None = None, *, episode: str | None = None) -> None:
        """Records the numbers of a training step; ``step`` is the last one plus 1 where none is given.

        Logging the same step again adds to it. ``reward`` is the score of the whole (``root``) where there is no
        ``root``. Nested mappings and ``a/b`` become ``a.b``. What is no finite number is left out and counted.
        """
        self._log(scores, "", step, episode)

    def metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Records measurements (loss, kl, lr) of a step: as :meth:`log`, under ``metrics.``, shown as curves and
        never judged as failures. Without ``step`` they belong to the step that was logged last."""
        if step is None:
            step = max(self._last, 0)
        self._log(values, "metrics.", step, None)

    def _log(self, scores: Mapping[str, Any], prefix: str, step: int | None, episode: str | None) -> None:
        if self._off:
            return
        try:
            at = time.time_ns()
            logged = Logged(self._taken(scores), prefix)
            within = episode or context.episode_id(self)
            self._judge(within)
            self._recorder.put(Entry(at, logged, self._step(step), within))
        except Exception as error:
            self._ledger.bug("log", error)

    def rollout(
        self,
        scores: Mapping[str, Any],
        *,
        action: Any = "",
        observation: Any = "",
        step: int | None = None,
        episode: str | None = None,
        not_evaluated: Sequence[str] = (),
        failures: Sequence[Failure] = (),
        duration_ms: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        is_paused: bool = False,
        challenge: Challenge | Mapping[str, Any] | None = None,
    ) -> None:
        """Records one judged rollout: its scores, what the agent did and saw.

        Several rollouts of one step are all kept: one that names no ``episode`` gets its own. ``failures`` names
        failures where there are no scores to judge by. Texts over 1 MiB are cut, with a marker.
        """
        if self._off:
            return
        try:
            at = time.time_ns()
            said, seen = text(action, self._ledger), text(observation, self._ledger)
            within = episode or context.episode_id(self)
            self._judge(within)
            what = Rollout(
                self._taken(scores),
                within is None,
                said,
                seen,
                tuple(not_evaluated),
                tuple(failures),
                number(duration_ms),
                object_of(metadata) if metadata else {},
                is_paused,
                challenge_of(challenge),
            )
            self._recorder.put(Entry(at, what, self._step(step), within), len(said) + len(seen))
        except Exception as error:
            self._ledger.bug("rollout", error)

    def score(
        self,
        path: str,
        value: Any,
        *,
        target: Target = "step",
        step: int | None = None,
        episode: str | None = None,
        label: str | None = None,
        explanation: str | None = None,
        source: str = "sdk",
    ) -> None:
        """Adds one score to a step (the last one where none is named), an episode or the run."""
        if self._off:
            return
        try:
            at = time.time_ns()
            taken = self._taken({path: value})
            episode = episode or context.episode_id(self)
            if target == "step" and step is None:
                step = max(self._last, 0)
            for name, found in taken.items():
                event = ScoreAdded(target, path_of(name), found, one_line(source, "sdk"))
                event.label = one_line(label, "") or None if label else None
                event.explanation = text(explanation, self._ledger) if explanation else None
                index = operator.index(step) if step is not None else None
                self._recorder.put(Entry(at, event, index, episode))
        except Exception as error:
            self._ledger.bug("score", error)

    def _judge(self, episode: str | None) -> None:
        """An episode that is logged in is a node already; see :meth:`Episode.finish`."""
        if episode is not None and (begun := self._open.get(episode)) is not None:
            begun._judged = True

    def _taken(self, scores: Mapping[str, Any]) -> dict[str, float]:
        for value in scores.values():
            if value.__class__ is not float:
                return numbers(scores, self._ledger)
        return dict(scores)

    def _step(self, step: int | None) -> int:
        with self._lock:
            self._last = self._last + 1 if step is None else operator.index(step)
            return self._last

    # Episodes, events, files

    def episode(
        self, task: str | None = None, id: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Episode:
        """An episode, as a ``with`` or ``async with`` block."""
        from .episodes import Episode

        return Episode(self, task, id, metadata)

    def emit(self, event: Event, *, step: int | None = None, episode: str | None = None) -> None:
        """Records any typed event of :mod:`gauntlet.events`, as it is."""
        if not self._off:
            if isinstance(event, SnapshotScored):
                self._judge(episode)
            self._put(event, step, episode)

    def _put(
        self, event: Event, step: int | None = None, episode: str | None = None, at_ns: int | None = None
    ) -> None:
        try:
            self._recorder.put(Entry(at_ns or time.time_ns(), event, step, episode))
        except Exception as error:
            self._ledger.bug("recording an event", error)

    def artifact(
        self,
        content: str | bytes | os.PathLike[str],
        name: str | None = None,
        role: str = "file",
        mime_type: str | None = None,
        step: int | None = None,
        episode: str | None = None,
    ) -> None:
        """Keeps a file, or bytes, or a text, with the run.

        A :class:`~pathlib.Path`, or a text that names an existing file, is a file; its content is read now up to
        1 MiB, and by a background thread above that: a larger file must stay as it is until :meth:`flush`.
        """
        if self._off:
            return
        try:
            at = time.time_ns()
            path = _file(content)
            blob: bytes | Path
            if path is not None:
                blob = path.read_bytes() if path.stat().st_size <= _READ_NOW_BYTES else path.absolute()
                name = name or path.name
            else:
                blob = content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")
                name = name or ("artifact.txt" if isinstance(content, str) else "artifact.bin")
            kind = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
            what = Artifact(blob, name, kind, role)
            size = len(blob) if isinstance(blob, bytes) else 0
            index = operator.index(step) if step is not None else None
            self._recorder.put(Entry(at, what, index, episode or context.episode_id(self)), size)
        except Exception as error:
            self._ledger.count("artifacts_failed")
            self._ledger.warn(f"artifact {content!r:.80}", f"an artifact was not kept: {error}")

    # A person intervenes

    def commands(self, timeout: float = 0) -> list[Command]:
        """Commands not yet acknowledged, oldest first; waits up to ``timeout`` seconds for the first one.

        A background thread fetches them from the first call on, so that asking costs nothing.
        """
        return [] if self._off else self._control.pending(timeout)

    def checkpoint(
        self,
        tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
        timeout: float | None = None,
        raise_on_stop: bool = False,
    ) -> Literal["continue", "stop"]:
        """Where the loop obeys a person. Costs nothing while nobody says anything.

        Pause blocks until resume, or for ``timeout`` seconds at most. A tweak calls ``tweak`` with the parameters,
        or changes those the ``tweak`` mapping declares, each keeping its type. Stop is answered ``"stop"``, or
        raises :class:`gauntlet.Stopped` where ``raise_on_stop`` says so.
        """
        return "continue" if self._off else self._control.checkpoint(tweak, timeout, raise_on_stop)

    async def acheckpoint(
        self,
        tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
        timeout: float | None = None,
        raise_on_stop: bool = False,
    ) -> Literal["continue", "stop"]:
        """As :meth:`checkpoint`; other tasks go on while this one is paused."""
        if self._off:
            return "continue"
        return await self._control.acheckpoint(tweak, timeout, raise_on_stop)

    def subscribe(self, after: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """What is appended to the run, as ``(seq, fact)``, from behind ``after`` on, live and without end.

        Waits for the run to reach the server, and reconnects by itself with nothing missing and nothing twice.
        Raises :class:`gauntlet.ApiError` where the server refuses.
        """
        from .live import follow

        return follow(self.endpoint, self._settings.api_key, self.id, after)

    # The end

    def flush(self, timeout: float = 30.0) -> bool:
        """Waits until everything logged so far is safe: acknowledged by the server, written by the other sinks.

        What it answered ``True`` for survives the loss of this process, and of the server's. Offline, the files of
        the spool are enough.
        """
        return True if self._off else self._recorder.flush(timeout, time.monotonic)

    def finish(self, status: Status = "completed", summary: Mapping[str, Any] | None = None) -> None:
        """Ends the run and waits for the server, GAUNTLET_FINISH_SECONDS at most; less while it is away. What it
        could not deliver stays in the spool for the next run, or for ``python -m gauntlet sync``."""
        with self._lock:
            if self._finished:
                return
            self._finished = True
        context.leave(self)
        lifecycle.forget(self)
        if self._off:
            return
        if self._owner == os.getpid():
            self.status = status
            self._put(RunFinished(status, object_of(summary) if summary else None))
        self._control.close()
        seconds = self._settings.finish_seconds
        for sink in self._sinks:
            sink.patient = False
        self.flush(seconds)
        self._recorder.close(1.0)

    def fail(self, error: BaseException) -> None:
        """Ends the run as failed by that error; an interrupt from the keyboard cancels it."""
        from .episodes import error_of

        told = error_of(error)
        summary = {"error": {"type": told.type_, "message": told.message, "traceback": told.traceback}}
        self.finish("cancelled" if isinstance(error, KeyboardInterrupt) else "failed", summary)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, SystemExit):
            self.finish()
        else:
            self.fail(error)

    def __repr__(self) -> str:
        return f"<gauntlet.Run {self.name!r} {self.url}>"

    def _paused(self, why: str) -> None:
        self.status = "paused"
        self._put(RunStatus("paused", why))

    def _resumed(self, why: str) -> None:
        self.status = "running"
        self._put(RunStatus("running", why))

    def _forked(self) -> None:
        """In a forked child: new threads, a spool of its own; what the parent queued stays the parent's."""
        info = RunInfo(self.id, {"id": self.id, **self._spec.body()}, self._settings, self._ledger, False)
        children = []
        for sink in self._sinks:
            try:
                child = sink.forked(info)
            except Exception:
                child = None
            if child is not None:
                children.append(child)
        self._ledger = Ledger()
        self._sinks = children
        last = self._last
        self._start()
        self._last = last


def one_line(value: str, default: str) -> str:
    """A one-line text the wire allows."""
    return label(value, default)


def challenge_of(challenge: Challenge | Mapping[str, Any] | None) -> Challenge | None:
    """A challenge from its parts: ``{"type", "question", "options", "expected_answer"}``."""
    if challenge is None or isinstance(challenge, Challenge):
        return challenge
    expected = challenge.get("expected_answer")
    return Challenge(
        label(challenge.get("type", ""), "GENERAL_REVIEW"),
        text(challenge.get("question", "")),
        [label(option, "?") for option in challenge.get("options", ())],
        None if expected is None else text(expected),
    )


def _file(content: Any) -> Path | None:
    if isinstance(content, os.PathLike):
        return Path(content)
    if isinstance(content, str) and len(content) < 4096 and "\n" not in content:
        path = Path(content)
        try:
            return path if path.is_file() else None
        except (OSError, ValueError):
            return None
    return None


def announce(run: Run, mode: str) -> None:
    """One line that says where the run is."""
    if not run._settings.quiet and mode != "disabled":
        where = run.url if mode == "online" else f"offline, in {run._settings.spool}"
        print(f"gauntlet: {run.name} -> {where}", file=sys.stderr)
