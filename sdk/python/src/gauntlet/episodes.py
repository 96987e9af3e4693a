"""Episodes and what an agent does in them: thoughts, messages, tool calls. Each is a step and a span."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from . import context
from .events import EpisodeFinished, EpisodeStarted, Status, StepError, StepKind, StepRecorded
from .journal import Journal
from .stamps import rfc3339, span_id, trace_id
from .values import identifier, label, number, object_of, optional_label, preview, shown, text

if TYPE_CHECKING:
    # In Python from 3.11 on; type checkers have it.
    from typing_extensions import Unpack

    from .types import ArtifactOptions, OpenEpisode, RolloutOptions, ScoreOptions

__all__ = ["Episode", "ToolCall", "error_of", "record_step"]

_TRACEBACK_BYTES = 64 << 10


class RecordedRun(Protocol):
    """The run of an episode."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def journal(self) -> Journal:
        """What it records."""


def error_of(error: BaseException) -> StepError:
    """An exception with its class, message and traceback."""
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if len(trace) > _TRACEBACK_BYTES:
        trace = trace[:1024] + "\n[cut by gauntlet]\n" + trace[1024 - _TRACEBACK_BYTES :]
    return StepError(label(type(error).__name__, "Error"), _message(error), text(trace))


def _message(error: BaseException) -> str:
    try:
        return text(str(error))
    except Exception:
        return "an exception that cannot be shown"


def record_step(
    journal: Journal,
    kind: StepKind,
    payload: dict[str, Any],
    *,
    name: str | None = None,
    span: str | None = None,
    parent: str | None = None,
    started_ns: int | None = None,
    ended_ns: int | None = None,
    error: StepError | None = None,
    metadata: Mapping[str, Any] | None = None,
    episode: Episode | None = None,
) -> None:
    """One ``step.recorded``. In an episode steps count up from 0; outside they belong to the run's step that
    is under way, the one that is logged next, and to what this process logs there."""
    if journal.off:
        return
    try:
        started = started_ns or time.time_ns()
        event = StepRecorded(kind, span or span_id(), rfc3339(started))
        event.name = optional_label(name, journal.ledger)
        event.parent_span_id = parent
        event.ended_at = rfc3339(max(ended_ns, started)) if ended_ns else None
        event.payload = payload
        event.error = error
        event.metadata = object_of(metadata)
        if episode is not None:
            episode.note(kind, payload)
            step, within = episode.next_step(), episode.id
        else:
            step, within = journal.step_under_way()
        journal.put(event, step, within, ended_ns or started)
    except Exception as failure:
        journal.ledger.left_out("recording a step", failure)


class Episode:
    """One rollout of an agent on one task. Use as ``with run.episode(task) as ep`` or ``async with``.

    Everything logged inside, by this thread or task and those it starts, belongs to it.
    """

    def __init__(
        self, run: RecordedRun, task: str | None, id: str | None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.run = run
        self.journal = run.journal
        self.id = trace_id() if id is None or id == "" else identifier(id, "episode")
        self.task = task
        self.metadata = metadata
        #: The return; the sum of :meth:`reward` where it is not set.
        self.return_: float | None = None
        #: How it ended; set it where that is known, such as ``"timed_out"``.
        self.status: Status | None = None
        #: What it cost, in the currency of your choice.
        self.cost: float | None = None
        #: The exception it ends with, where :meth:`finish` gets none.
        self.error: BaseException | None = None
        self._lock = threading.RLock()
        self._steps = 0
        self._rewards: float | None = None
        #: The episode and the span that the code was in before.
        self.outside: tuple[OpenEpisode | None, str | None] = (None, None)
        self._began = 0.0
        #: Whether it has ended.
        self.ended = False
        #: Whether a rollout or a log of this episode made a node of it.
        self.scored = False
        #: What the agent did and observed last, for the node of an episode without scores.
        self.last_action = ""
        self.last_observation = ""

    def start(self) -> Episode:
        """Begins it; ``with`` does this."""
        self.begin()
        self.announce()
        return self

    def begin(self) -> None:
        """Enters it without an event, for an integration that learns the task later."""
        self._began = time.perf_counter()
        self.journal.open_episodes[self.id] = self
        self.enter()

    def announce(self) -> None:
        """Records that it has begun; later than it began where its task was not known then."""
        self.journal.emit(
            EpisodeStarted(optional_label(self.task), object_of(self.metadata)), episode=self.id
        )

    def finish(self, error: BaseException | None = None) -> None:
        """Ends it; ``with`` does this. Once: what it ended as, it stays."""
        if self.ended:
            return
        self.ended = True
        self.leave()
        error = error or self.error
        status: Status = self.status or _status_of(error)
        event = EpisodeFinished(status)
        event.return_ = number(self.return_) if self.return_ is not None else self._rewards
        event.latency_ms = (time.perf_counter() - self._began) * 1000.0
        cost = number(self.cost)
        event.cost = cost if cost is not None and cost >= 0 else None
        event.error = text(f"{type(error).__name__}: {_message(error)}") if error is not None else None
        self._show(event)
        self.journal.open_episodes.pop(self.id, None)
        self.journal.emit(event, episode=self.id)

    def _show(self, ended: EpisodeFinished) -> None:
        """Makes a node of an episode without scores, so that it is visible: its return is the root score, an
        error is a failure."""
        if self.scored or not (self._steps or self.last_action or ended.error):
            return
        failed = ended.status in {"failed", "timed_out"}
        self.journal.rollout(
            {} if ended.return_ is None else {"root": ended.return_},
            action=self.last_action or ended.error or "",
            observation=self.last_observation or self.task or "",
            episode=self.id,
            failures=("generic",) if failed else (),
            duration_ms=ended.latency_ms,
        )

    def note(self, kind: StepKind, payload: Mapping[str, Any]) -> None:
        """Remembers the last action and observation, for the node of an episode without a score.
        ``sdk/contract/reading.json`` has examples of the rule."""
        found = next(
            (payload[key] for key in ("text", "output", "content", "result") if payload.get(key)), None
        )
        if found is None:
            return
        content = (
            found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, separators=(",", ":"))
        )
        if kind == "observation" or (kind == "message" and payload.get("role") in ("user", "system")):
            self.last_observation = content
        elif kind in {"message", "decision", "tool_result"} or not self.last_action:
            self.last_action = content

    def cancel(self) -> None:
        """Ends it because its run ends; as failed where it had an error last."""
        if self.error is None:
            self.status = self.status or "cancelled"
        self.finish()

    def enter(self) -> None:
        """From here on this thread or task is in the episode."""
        self.outside = (context.episode.get(), context.span.get())
        context.episode.set(self)
        context.span.set(None)

    def leave(self) -> None:
        """Back to where it was before :meth:`enter`. Where another episode was entered since, that one
        stays."""
        if context.episode.get() is not self:
            return
        outside, span = self.outside
        # Episodes that overlap end in any order: one that has ended is not a place to go back to.
        while outside is not None and outside.ended:
            outside, span = outside.outside
        context.episode.set(outside)
        context.span.set(span)

    def __enter__(self) -> Episode:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    async def __aenter__(self) -> Episode:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    def next_step(self) -> int:
        """The number of the next step, from 0."""
        with self._lock:
            self._steps += 1
            return self._steps - 1

    # What the agent does

    def thought(self, content: str, **metadata: Any) -> None:
        """What the agent thought."""
        self.step("thought", {"text": text(content)}, metadata=metadata)

    def message(self, role: str, content: str, **metadata: Any) -> None:
        """A message, and who wrote it: ``user``, ``assistant``, ``system``."""
        self.step("message", {"role": text(role), "text": text(content)}, metadata=metadata)

    def observation(self, content: Any, **metadata: Any) -> None:
        """What the agent saw."""
        self.step("observation", {"text": text(content)}, metadata=metadata)

    def plan(self, content: str, **metadata: Any) -> None:
        """The agent's plan, as it is now."""
        self.step("plan_update", {"text": text(content)}, metadata=metadata)

    def decision(
        self, choice: Any, options: Sequence[Any] | None = None, reason: str | None = None, **metadata: Any
    ) -> None:
        """What the agent chose, from what, and why."""
        payload: dict[str, Any] = {"choice": preview(choice)}
        if options is not None:
            payload["options"] = preview(options)
        if reason is not None:
            payload["reason"] = text(reason)
        self.step("decision", payload, metadata=metadata)

    def reward(self, value: Any, **metadata: Any) -> None:
        """A reward; their sum is the episode's return."""
        taken = number(value)
        if taken is None:
            self.journal.ledger.count("skipped_values")
            self.journal.ledger.warn(
                "reward", f"the reward {shown(value)} is not a finite number; it is left out"
            )
            return
        with self._lock:
            self._rewards = (self._rewards or 0.0) + taken
        self.step("reward", {"value": taken}, metadata=metadata)

    def step(
        self,
        kind: StepKind,
        payload: Mapping[str, Any],
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """A step of any kind."""
        parent = context.span.get()
        record_step(
            self.journal, kind, object_of(payload), name=name, parent=parent, metadata=metadata, episode=self
        )

    def tool_call(self, name: str, arguments: Mapping[str, Any] | None = None) -> ToolCall:
        """A call of a tool, as a ``with`` block; set ``call.result`` in it."""
        return ToolCall(self.journal, self, name, arguments)

    # As on the run, in this episode

    def rollout(self, scores: Mapping[str, Any], **options: Unpack[RolloutOptions]) -> None:
        """As :meth:`gauntlet.Run.rollout`, for this episode."""
        self.journal.rollout(scores, episode=self.id, **options)

    def score(self, path: str, value: Any, **options: Unpack[ScoreOptions]) -> None:
        """Scores the episode; as :meth:`gauntlet.Run.score`."""
        options.setdefault("target", "episode")
        self.journal.score(path, value, episode=self.id, **options)

    def artifact(
        self,
        content: str | bytes | os.PathLike[str],
        name: str | None = None,
        role: str = "file",
        **options: Unpack[ArtifactOptions],
    ) -> None:
        """As :meth:`gauntlet.Run.artifact`, for this episode and its last step."""
        options.setdefault("step", max(self._steps - 1, 0))
        self.journal.artifact(content, name, role, episode=self.id, **options)


class ToolCall:
    """A tool's call and its result: two steps, of one span. Use as a ``with`` or ``async with`` block."""

    def __init__(
        self, journal: Journal, episode: Episode | None, name: str, arguments: Mapping[str, Any] | None
    ) -> None:
        self.journal = journal
        self.name = name
        #: What the tool answered; shown as a preview.
        self.result: Any = None
        self.span_id = span_id()
        self._episode = episode
        self._arguments = arguments
        self._parent: str | None = None
        self._outside: str | None = None
        self._started = 0
        self._began = 0.0

    def start(self) -> ToolCall:
        """Records the call; ``with`` does this."""
        self._parent = context.span.get()
        self.enter()
        self._started, self._began = time.time_ns(), time.perf_counter()
        arguments = {"arguments": preview({} if self._arguments is None else self._arguments)}
        self._record("tool_call", arguments, None, None)
        return self

    def finish(self, error: BaseException | None = None) -> None:
        """Records the result; ``with`` does this."""
        self.leave()
        ended = self._started + int((time.perf_counter() - self._began) * 1e9)
        payload = {} if error is not None else {"result": preview(self.result)}
        self._record("tool_result", payload, ended, error_of(error) if error is not None else None)

    def enter(self) -> None:
        """From here on this thread or task is in the call: what it records has the call as its parent."""
        self._outside = context.span.get()
        context.span.set(self.span_id)

    def leave(self) -> None:
        """Back to where it was before :meth:`enter`."""
        context.span.set(self._outside)

    def _record(
        self, kind: StepKind, payload: dict[str, Any], ended: int | None, error: StepError | None
    ) -> None:
        record_step(
            self.journal,
            kind,
            payload,
            name=self.name,
            span=self.span_id,
            parent=self._parent,
            started_ns=self._started,
            ended_ns=ended,
            error=error,
            episode=self._episode,
        )

    def __enter__(self) -> ToolCall:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)

    async def __aenter__(self) -> ToolCall:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish(error)


def _status_of(error: BaseException | None) -> Status:
    if error is None:
        return "completed"
    if isinstance(error, TimeoutError):
        return "timed_out"
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
        return "cancelled"
    return "failed"
