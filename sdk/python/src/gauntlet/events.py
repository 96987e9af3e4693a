"""The kinds of events, one class each, field by field as ``sdk/contract`` writes them.

An event here is what happened; when, where and under which id is added by :func:`encode`. Optional fields
that are empty are left out on the wire.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from .stamps import rfc3339, uuid7

__all__ = [
    "Action",
    "AlertRaised",
    "AnnotationAdded",
    "ArtifactAdded",
    "Challenge",
    "ChallengeAnswered",
    "CommandApplied",
    "CommandIssued",
    "Ending",
    "EpisodeFinished",
    "EpisodeStarted",
    "Event",
    "ExperimentDesigned",
    "ExperimentFinished",
    "ExperimentRegistered",
    "ExperimentStarted",
    "Failure",
    "Gap",
    "HypothesisType",
    "Rules",
    "RunFinished",
    "RunStarted",
    "RunStatus",
    "ScoreAdded",
    "Severity",
    "SnapshotScored",
    "Status",
    "StepError",
    "StepKind",
    "StepRecorded",
    "TrialFinished",
    "TrialStarted",
    "encode",
    "encode_now",
]

Status = Literal["pending", "running", "paused", "completed", "failed", "timed_out", "cancelled"]
#: How a run ends.
Ending = Literal["completed", "failed", "timed_out", "cancelled"]
#: Which steps of a run fail, but for a bound of the root.
Rules = Literal["auto", "dipg"]
Failure = Literal["hallucination", "format", "refusal", "inconsistency", "generic"]
StepKind = Literal[
    "thought", "tool_call", "tool_result", "observation", "error", "plan_update",
    "message", "handoff", "decision", "reward", "tick",
]  # fmt: skip
#: How grave an alert is.
Severity = Literal["info", "warning", "error"]
Target = Literal["step", "episode", "run"]
#: What a person may ask of a run.
Action = Literal["pause", "resume", "tweak", "answer", "stop"]

#: What a hypothesis is for.
HypothesisType = Literal["comparative", "exploratory"]

#: Fields whose name on the wire is another.
_WIRE = {"return_": "return", "kind_": "kind", "type_": "type", "from_": "from"}


@dataclass(slots=True)
class Event:
    """What every kind shares."""

    kind: ClassVar[str] = ""
    #: Fields that are written even when they are empty.
    required: ClassVar[frozenset[str]] = frozenset()
    #: Fields of any type, which are left out only where they are ``None``: an empty answer is an answer.
    untyped: ClassVar[frozenset[str]] = frozenset()

    def body(self) -> dict[str, Any]:
        """The event's ``body``."""
        return _written(self, self.required, self.untyped)


def _written(
    value: Any, required: frozenset[str] = frozenset(), untyped: frozenset[str] = frozenset()
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for spec in fields(value):
        item = getattr(value, spec.name)
        is_empty = item is False or item == "" or item == [] or item == {}
        is_absent = item is None or (is_empty and spec.name not in untyped)
        if is_absent and spec.name not in required:
            continue
        if hasattr(item, "__dataclass_fields__"):
            item = _written(item, getattr(item, "required", frozenset()))
        out[_WIRE.get(spec.name, spec.name)] = item
    return out


@dataclass(slots=True)
class RunStarted(Event):
    """What the run is."""

    kind: ClassVar[str] = "run.started"
    required: ClassVar[frozenset[str]] = frozenset({"name", "project", "kind_"})

    name: str
    project: str = "default"
    kind_: str = "training"
    agent: str | None = None
    task: str | None = None
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    #: Which steps fail; a bound is ``{"root_below": number}``.
    rules: Rules | dict[str, float] | None = None


@dataclass(slots=True)
class RunStatus(Event):
    """The run's status changed."""

    kind: ClassVar[str] = "run.status"
    required: ClassVar[frozenset[str]] = frozenset({"status"})

    status: Status
    reason: str | None = None


@dataclass(slots=True)
class RunFinished(Event):
    """The run ended."""

    kind: ClassVar[str] = "run.finished"
    required: ClassVar[frozenset[str]] = frozenset({"status"})

    status: Ending
    summary: dict[str, Any] | None = None


@dataclass(slots=True)
class EpisodeStarted(Event):
    """One rollout on one task begins."""

    kind: ClassVar[str] = "episode.started"

    task: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class EpisodeFinished(Event):
    """The rollout ended. ``latency_ms`` is its wall time."""

    kind: ClassVar[str] = "episode.finished"
    required: ClassVar[frozenset[str]] = frozenset({"status"})

    status: Status
    return_: float | None = None
    latency_ms: float | None = None
    cost: float | None = None
    error: str | None = None


@dataclass(slots=True)
class Challenge:
    """A question put to a person while the run is paused."""

    required: ClassVar[frozenset[str]] = frozenset({"type_", "question"})

    type_: str
    question: str
    options: list[str] = field(default_factory=list)
    expected_answer: str | None = None


@dataclass(slots=True)
class SnapshotScored(Event):
    """One judged rollout or step; the total score is ``root``."""

    kind: ClassVar[str] = "snapshot.scored"
    required: ClassVar[frozenset[str]] = frozenset({"scores"})

    scores: dict[str, float]
    not_evaluated: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    action: str = ""
    observation: str = ""
    duration_ms: float | None = None
    is_paused: bool = False
    challenge: Challenge | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    timestamp: str | None = None
    posted: list[str] = field(default_factory=list)


@dataclass(slots=True)
class StepError:
    """An error with its origin."""

    required: ClassVar[frozenset[str]] = frozenset({"type_", "message"})

    type_: str
    message: str
    traceback: str | None = None


@dataclass(slots=True)
class StepRecorded(Event):
    """One atomic thing the agent did; also a span. Ids are 16 hex digits, times RFC 3339."""

    kind: ClassVar[str] = "step.recorded"
    required: ClassVar[frozenset[str]] = frozenset({"step_kind", "span_id", "started_at"})

    step_kind: StepKind
    span_id: str
    started_at: str
    name: str | None = None
    parent_span_id: str | None = None
    ended_at: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    error: StepError | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ScoreAdded(Event):
    """A score that came later, or from a person."""

    kind: ClassVar[str] = "score.added"
    required: ClassVar[frozenset[str]] = frozenset({"target", "path", "value", "source"})

    target: Target
    path: str
    value: float
    source: str
    label: str | None = None
    explanation: str | None = None


@dataclass(slots=True)
class ArtifactAdded(Event):
    """A blob tied to the run, an episode or a step."""

    kind: ClassVar[str] = "artifact.added"
    required: ClassVar[frozenset[str]] = frozenset({"name", "mime_type", "size_bytes", "sha256", "role"})

    name: str
    mime_type: str
    size_bytes: int
    sha256: str
    role: str


@dataclass(slots=True)
class CommandIssued(Event):
    """A person intervened."""

    kind: ClassVar[str] = "command.issued"
    required: ClassVar[frozenset[str]] = frozenset({"command_id", "action", "author"})

    command_id: str
    action: Action
    author: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class CommandApplied(Event):
    """The training side did it: the command's acknowledgement."""

    kind: ClassVar[str] = "command.applied"
    required: ClassVar[frozenset[str]] = frozenset({"command_id", "result"})

    command_id: str
    result: str


@dataclass(slots=True)
class ChallengeAnswered(Event):
    """A person answered a paused step's question."""

    kind: ClassVar[str] = "challenge.answered"
    required: ClassVar[frozenset[str]] = frozenset({"answer", "author"})

    answer: str
    author: str
    correct: bool | None = None


@dataclass(slots=True)
class AnnotationAdded(Event):
    """A person's note; ``range`` is ``{"from": step, "to": step}``, both ends included."""

    kind: ClassVar[str] = "annotation.added"
    required: ClassVar[frozenset[str]] = frozenset({"text", "author"})

    text: str
    author: str
    range: dict[str, int] | None = None


@dataclass(slots=True)
class AlertRaised(Event):
    """A monitor's rule began to hold, or the training code called for attention: then it names no monitor."""

    kind: ClassVar[str] = "alert.raised"
    required: ClassVar[frozenset[str]] = frozenset({"text", "severity"})

    text: str
    severity: Severity
    monitor: str | None = None
    rule: str | None = None


@dataclass(slots=True)
class ExperimentRegistered(Event):
    """The hypothesis of an experiment, stated before any trial."""

    kind: ClassVar[str] = "experiment.registered"
    required: ClassVar[frozenset[str]] = frozenset(
        {
            "hypothesis_id", "research_question", "independent_variables", "dependent_variables",
            "prediction", "hypothesis_type",
        }
    )  # fmt: skip

    hypothesis_id: str
    research_question: str
    independent_variables: list[str]
    dependent_variables: list[str]
    prediction: str
    hypothesis_type: HypothesisType
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ExperimentDesigned(Event):
    """How the experiment is made, and its programs: one job each. ``design`` and ``jobs`` have the fields of
    ``sdk/contract/schema/experiment.designed.json``."""

    kind: ClassVar[str] = "experiment.designed"
    required: ClassVar[frozenset[str]] = frozenset({"design", "jobs"})

    design: dict[str, Any]
    jobs: list[dict[str, Any]]
    tags: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ExperimentStarted(Event):
    """Trials are executed from here on. An experiment that is resumed starts again."""

    kind: ClassVar[str] = "experiment.started"

    code_version: str | None = None
    environment: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ExperimentFinished(Event):
    """No further trial is executed."""

    kind: ClassVar[str] = "experiment.finished"
    required: ClassVar[frozenset[str]] = frozenset({"status"})

    status: Ending
    reason: str | None = None
    research_insights: list[str] = field(default_factory=list)


@dataclass(slots=True)
class TrialStarted(Event):
    """A program begins to work on a data point."""

    kind: ClassVar[str] = "trial.started"
    required: ClassVar[frozenset[str]] = frozenset({"trial_id", "program", "index"})

    trial_id: str
    program: str
    index: int


@dataclass(slots=True)
class TrialFinished(Event):
    """What came of one program on one data point. ``cost`` is ``{"tokens": int, "financial": float}``; what
    failed is data too, and has its ``error``."""

    kind: ClassVar[str] = "trial.finished"
    required: ClassVar[frozenset[str]] = frozenset(
        {"trial_id", "program", "index", "status", "started_at", "ended_at"}
    )
    untyped: ClassVar[frozenset[str]] = frozenset({"data_point", "prediction"})

    trial_id: str
    program: str
    index: int
    status: Ending
    started_at: str
    ended_at: str
    data_point: Any = None
    configuration: dict[str, Any] = field(default_factory=dict)
    prediction: Any = None
    metrics: dict[str, float] = field(default_factory=dict)
    score: float | None = None
    latency_ms: float | None = None
    cost: dict[str, float] | None = None
    error: StepError | None = None


@dataclass(slots=True)
class Gap(Event):
    """Events were lost before they reached the log."""

    kind: ClassVar[str] = "gap"
    required: ClassVar[frozenset[str]] = frozenset({"lost", "reason"})

    lost: int
    reason: str


_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)


def encode(
    kind: str, body: dict[str, Any], id: str, at: str, episode: str | None = None, step: int | None = None
) -> bytes:
    """One event as one line of JSON, without the line's end. Raises ``UnicodeEncodeError`` for half a
    surrogate pair, which no UTF-8 can hold."""
    event: dict[str, Any] = {"id": id, "at": at, "kind": kind, "v": 1}
    if episode is not None:
        event["episode"] = episode
    if step is not None:
        event["step"] = step
    event["body"] = body
    return _json.encode(event).encode()


def encode_now(event: Event) -> bytes:
    """An event of the run, without step and episode, that happens now, as :func:`encode` writes it."""
    now = time.time_ns()
    return encode(event.kind, event.body(), uuid7(now), rfc3339(now))
