"""verifiers and prime-rl: every rollout of an environment, with each reward function's score.

Watch an environment of verifiers 0.4 (``import verifiers.v1 as vf``), wherever it is run from::

    from gauntlet.integrations.verifiers import watch_environment

    env = watch_environment(load_environment(config))

or give prime-rl's orchestrator a monitor, after its ``setup_monitor``::

    from gauntlet.integrations.verifiers import GauntletMonitor

    monitor.monitors.append(GauntletMonitor(project="maths"))

Each trace is an episode and a rollout of it: a score for each reward function under its name, ``root`` the
weighted sum, the task's metrics under ``metrics``, the prompt as observation, the last reply as action. The
messages and the tool calls are the steps of the episode, with tokens and errors.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ..episodes import Episode, error_of, record_step
from ..events import EpisodeFinished, EpisodeStarted, Status, StepError, StepKind
from ..stamps import span_id
from ..values import label, number, object_of, preview, text
from ._rollouts import record_rollout
from ._shared import Source, guarded, rank, unique
from ._text import content_text, conversation_text

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["GauntletMonitor", "record_trace", "watch_environment"]

_Environment = TypeVar("_Environment")


def watch_environment(env: _Environment, *, run: Run | None = None) -> _Environment:
    """The same environment, each of whose episodes is recorded when it has ended.

    A rollout's step is the training step its episode was dispatched for; where there is none, as in an
    evaluation, episodes are counted from 1. ``run`` is where they go; without it the current run, else one
    that is begun with the first episode.
    """
    source, counter = Source(run, kind="verifiers"), _Counter()
    play = env.run_episode  # type: ignore[attr-defined]

    @guarded
    def record(episode: Any) -> None:
        work = getattr(getattr(episode, "run", None), "work", None)
        step = getattr(work, "step", None)
        _record_episode(source.run(), episode, counter.next() if step is None else step)

    @guarded
    def failed(args: tuple[Any, ...], kwargs: Mapping[str, Any], error: BaseException) -> None:
        task = args[0] if args else kwargs.get("task")
        asked = getattr(getattr(task, "data", None), "prompt_text", "") if task is not None else ""
        record_rollout(
            source.run(),
            {},
            episode=unique("episode"),
            step=counter.next(),
            observation=str(asked) or text(task),
            not_evaluated=("root",),
            error=error_of(error),
            raised_in="run_episode",
        )

    @functools.wraps(play)
    async def run_episode(*args: Any, **kwargs: Any) -> Any:
        try:
            episode = await play(*args, **kwargs)
        except Exception as error:
            failed(args, kwargs, error)
            raise
        record(episode)
        return episode

    env.run_episode = run_episode  # type: ignore[attr-defined]
    return env


class _Counter:
    """Counts from 1, safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            self._last += 1
            return self._last


def _record_episode(run: Run, episode: Any, step: int) -> None:
    more = {"environment": getattr(episode.env, "id", ""), "group": getattr(episode.group, "id", None)}
    for trace in episode.traces:
        record_trace(run, trace, step, {k: v for k, v in more.items() if v})
    if not episode.traces:
        error = episode.last_error
        details = object_of({k: v for k, v in more.items() if v})
        run.emit(EpisodeStarted(_task_name(episode.task), details), episode=episode.id)
        run.rollout(
            {},
            observation=str(episode.task.data.prompt_text),
            step=step,
            episode=episode.id,
            not_evaluated=("root",),
            failures=("generic",),
            metadata=details,
        )
        finished = EpisodeFinished("timed_out" if episode.is_timeout else "failed")
        finished.error = text(f"{error.type}: {error.message}") if error is not None else None
        run.emit(finished, episode=episode.id)


def record_trace(run: Run, trace: Any, step: int, metadata: Mapping[str, Any] | None = None) -> None:
    """Records one ``vf.Trace`` that has ended: its episode with every message and tool call, and its
    rollout."""
    episode = Episode(run, _task_name(trace.task), trace.id)
    details = {**(metadata or {}), "agent": trace.agent.name, "task_key": trace.task.key}
    begun, ended = _ns(trace.timing.start), _ns(trace.timing.scoring.end or trace.timing.agent.end)
    run.journal.put(EpisodeStarted(label(episode.task, "task"), object_of(details)), None, episode.id, begun)
    _record_messages(episode, trace)
    _record_scores(run, episode, trace, step, details)
    finished = EpisodeFinished(_status(trace))
    finished.return_ = number(trace.reward)
    finished.latency_ms = max(0.0, (ended - begun) / 1e6) if ended else None
    usage = trace.usage
    finished.cost = number(usage.cost) if usage is not None else None
    if trace.errors:
        finished.error = text(f"{trace.errors[-1].type}: {trace.errors[-1].message}")
    run.journal.put(finished, None, episode.id, ended or None)


def _record_scores(run: Run, episode: Episode, trace: Any, step: int, details: dict[str, Any]) -> None:
    scores: dict[str, float] = {}
    skipped: list[str] = []
    weights: dict[str, float] = {}
    for name, reward in trace.rewards.items():
        if reward is None:
            skipped.append(name)
        else:
            scores[name], weights[name] = reward.score, reward.weight
    judged = bool(scores)
    for name, value in trace.metrics.items():
        if value is not None:
            scores[f"metrics.{name}"] = value
    if judged:
        scores["root"] = trace.reward
    else:
        skipped.append("root")
    if (advantage := number(details.get("advantage"))) is not None:
        scores["metrics.advantage"] = advantage
    usage = trace.usage
    tokens = (
        {}
        if usage is None
        else {"input_tokens": usage.input_tokens, "output_tokens": usage.completion_tokens}
    )
    run.rollout(
        scores,
        action=trace.last_reply,
        observation=_prompt(trace),
        step=step,
        episode=episode.id,
        not_evaluated=skipped,
        failures=("generic",) if trace.errors and not judged else (),
        duration_ms=trace.timing.scoring.duration * 1000.0 or None,
        metadata={
            **details,
            **tokens,
            "weights": weights,
            "stop": trace.stop_condition,
            "turns": trace.num_turns,
        },
    )


def _record_messages(episode: Episode, trace: Any) -> None:
    """The messages in order. A tool's call and its result share a span, as they share an id."""
    calls = {call.node: call for call in trace.calls if call.node is not None}
    spans: dict[str, tuple[str, str, int]] = {}
    for place, node in enumerate(trace.nodes):
        message, call = node.message, calls.get(place)
        begun, ended = (
            (_ns(call.time.start), _ns(call.time.end)) if call is not None else (_ns(node.timestamp), 0)
        )

        def step(kind: StepKind, payload: dict[str, Any], **more: Any) -> None:
            record_step(episode.journal, kind, payload, episode=episode, **more)

        if message.role == "tool":
            span, name, asked = spans.pop(message.tool_call_id, (span_id(), message.name or "tool", 0))
            result = {"result": preview(content_text(message.content))}
            step("tool_result", result, name=name, span=span, started_ns=asked or begun, ended_ns=begun)
            continue
        payload: dict[str, Any] = {"role": message.role, "text": text(content_text(message.content))}
        if call is not None and call.usage is not None:
            payload["usage"] = {
                "input_tokens": call.usage.input_tokens,
                "output_tokens": call.usage.completion_tokens,
            }
        if getattr(message, "reasoning_content", None):
            step("thought", {"text": text(message.reasoning_content)}, started_ns=begun)
        step("message", payload, started_ns=begun, ended_ns=ended or None)
        for requested in getattr(message, "tool_calls", None) or []:
            spans[requested.id] = (span_id(), requested.name, ended or begun)
            span, name, asked = spans[requested.id]
            step(
                "tool_call",
                {"arguments": _arguments(requested.arguments)},
                name=name,
                span=span,
                started_ns=asked,
            )
    for error in trace.errors:
        failure = StepError(
            label(error.type, "Error"), text(error.message), error.traceback and text(error.traceback)
        )
        record_step(episode.journal, "error", {}, error=failure, episode=episode)


def _arguments(written: str) -> Any:
    """A tool's arguments as the model wrote them: JSON where it is that."""
    try:
        return preview(json.loads(written))
    except ValueError:
        return preview(written)


def _prompt(trace: Any) -> str:
    asked = [node.message for node in trace.nodes if not node.sampled and node.message.role != "tool"]
    return str(trace.task.data.prompt_text) or conversation_text(asked)


def _task_name(task: Any) -> str:
    return str(task.data.name or task.data.id or task.type)


def _status(trace: Any) -> Status:
    if trace.is_timeout:
        return "timed_out"
    return "completed" if trace.ok else "failed"


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


class GauntletMonitor:
    """A monitor of prime-rl: metrics become curves, samples become rollouts.

    ``init`` are the arguments of :func:`gauntlet.init`. On a process that is not the first it does nothing.
    """

    def __init__(self, run: Run | None = None, **init: Any) -> None:
        self.history: list[dict[str, Any]] = []
        self._source = Source(run, **{"kind": "prime-rl", **init})
        self._off = rank() != 0

    @guarded
    def log(self, metrics: dict[str, Any], step: int | None = None) -> None:
        """The numbers of a step; where it is not given it is the ``step`` among them."""
        self.history = [metrics]
        if self._off:
            return
        found = {
            name: value
            for name, value in metrics.items()
            if name != "step" and (number(value) is not None or isinstance(value, Mapping))
        }
        at = step if step is not None else number(metrics.get("step"))
        self._source.run().metrics(found, step=None if at is None else int(at))

    @guarded
    def log_samples(self, rollouts: Sequence[Any], step: int) -> None:
        """The rollouts of a training step."""
        self._record(rollouts, step, {"split": "train"})

    @guarded
    def log_eval_samples(self, rollouts: Sequence[Any], env_name: str, step: int) -> None:
        """The rollouts of an evaluation at a training step."""
        self._record(rollouts, step, {"split": "eval", "environment": env_name})

    @guarded
    def log_distributions(self, distributions: Mapping[str, Sequence[float]], step: int) -> None:
        """Distributions, by their mean, least and greatest."""
        if self._off:
            return
        run = self._source.run()
        for name, values in distributions.items():
            if values:
                spread = {"mean": sum(values) / len(values), "min": min(values), "max": max(values)}
                run.metrics({name: spread}, step=step)

    def log_final_samples(self) -> None:
        """Does nothing: samples are recorded as they come."""

    @guarded
    def save_final_summary(
        self, filename: str = "final_summary.json", success: bool = True, error_message: str | None = None
    ) -> None:
        """Ends the run, with the last metrics as its summary."""
        summary = {
            **(self.history[-1] if self.history else {}),
            **({"error": error_message} if error_message else {}),
        }
        if not self._off:
            self._source.finish("completed" if success else "failed", summary)

    @guarded
    def close(self) -> None:
        """Ends the run where nothing else has."""
        if not self._off:
            self._source.finish("completed")

    def _record(self, rollouts: Sequence[Any], step: int, details: dict[str, Any]) -> None:
        if self._off:
            return
        run = self._source.run()
        for rollout in rollouts:
            if isinstance(rollout, Mapping):
                _record_output(run, rollout, step, details)
                continue
            more = {
                "environment": getattr(rollout, "env_name", None),
                "group": str(getattr(rollout, "group_id", "") or "") or None,
                "advantage": getattr(rollout, "advantage", None),
            }
            record_trace(run, rollout, step, {**{k: v for k, v in more.items() if v is not None}, **details})


def _record_output(run: Run, output: Mapping[str, Any], step: int, details: dict[str, Any]) -> None:
    """A rollout as prime-rl's releases for verifiers 0.1 give it: a mapping."""
    scores = {str(name): value for name, value in (output.get("metrics") or {}).items()}
    if (advantage := number(output.get("advantage"))) is not None:
        scores["metrics.advantage"] = advantage
    names = ("example_id", "task", "answer", "advantage")
    group = {"group": f"{step}-{output['example_id']}"} if "example_id" in output else {}
    record_rollout(
        run,
        {**scores, "root": output.get("reward")},
        episode=unique(f"{details['split']}-{step}"),
        step=step,
        action=conversation_text(output.get("completion", "")),
        observation=conversation_text(output.get("prompt", "")),
        not_evaluated=() if number(output.get("reward")) is not None else ("root",),
        metadata={**details, **group, **{name: output[name] for name in names if name in output}},
    )
