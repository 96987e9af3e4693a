"""Turns calls of the loop into events: the only place that decides their ids, times and kinds.

Runs on its own thread, in the order of the calls, and passes the same records to every sink.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from .events import ArtifactAdded, Challenge, Event, Failure, Gap, ScoreAdded, SnapshotScored, encode
from .ledger import Ledger
from .paths import path_of, paths_of, repaired, without_surrogates
from .pump import Pump
from .sinks.base import Record
from .sinks.outlet import Outlet
from .stamps import rfc3339, uuid7
from .values import MAX_SCORES, copy_hashed, label, shown, text

__all__ = ["Artifact", "Entry", "LateScore", "Measured", "Numbers", "Recorder", "Rollout"]

#: Suffix of a name that a call has twice by nesting; no path contains it.
_SAME = "\0"
#: Most calls that wait for this thread, and about how many bytes of text they may have.
_MAX_ENTRIES = 131_072
_MAX_BYTES = 256 << 20


#: Numbers of a step by name: the first of a step become a snapshot, further ones later scores. NaN: not
#: evaluated. A plain dictionary, because it is made for each call of the loop.
Numbers: TypeAlias = dict[str, float]


@dataclass(slots=True)
class Measured:
    """Measurements of a step, not of one of its rollouts. NaN: not measured."""

    numbers: dict[str, float]


@dataclass(slots=True)
class LateScore:
    """A score of a step without an episode: it belongs to what this process scored last at that step."""

    event: ScoreAdded


@dataclass(slots=True)
class Rollout:
    """One judged rollout. NaN: not evaluated."""

    numbers: dict[str, float]
    action: str = ""
    observation: str = ""
    not_evaluated: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    duration_ms: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    is_paused: bool = False
    challenge: Challenge | None = None


@dataclass(slots=True)
class Artifact:
    """A blob: its bytes, or a file that holds them."""

    content: bytes | Path
    name: str
    mime_type: str
    role: str


class Entry(NamedTuple):
    """One call of the loop, with the time it was made."""

    at_ns: int
    what: Event | Numbers | Measured | LateScore | Rollout | Artifact
    step: int | None = None
    episode: str | None = None


class Recorder:
    """Takes entries from the loop and offers records to the outlets.

    A call without an episode gets a unique one, whose id begins with this ``writer``.
    """

    def __init__(self, ledger: Ledger, writer: str) -> None:
        self.ledger = ledger
        self.writer = writer
        self.outlets: list[Outlet] = []
        #: Opens the outlets, on the thread that has the first records for them; ``None`` where that is done.
        self.opens: Callable[[], None] | None = None
        self._scored = _Scored()
        #: How many rollouts had no episode.
        self._rollouts = 0
        self._losses = threading.Lock()
        self._lost = 0
        self._closed = False
        self._pump: Pump[Entry] = Pump("recorder", self._record, ledger, _MAX_ENTRIES, _MAX_BYTES)

    def put(self, entry: Entry, size: int = 0) -> None:
        """Queues a call; a full queue is counted and becomes a gap in the stream."""
        if self._closed:
            self.ledger.count("dropped")
            self.ledger.lose("logged after the run had ended")
            self.ledger.warn(
                "closed", "something was logged after the run had ended; it is left out (reported once)"
            )
            return
        if not self._pump.put(entry, size):
            with self._losses:
                self._lost += 1
            self.ledger.count("dropped")
            self.ledger.lose("events came faster than they could be written")
            self.ledger.warn("full", "events come faster than they can be written; some are dropped")

    def flush(self, timeout: float, clock: Callable[[], float]) -> bool:
        """Waits until everything put so far is durable in every sink. ``False`` where that takes longer, or
        where any of it is lost."""
        deadline = clock() + timeout
        safe = self._pump.barrier(timeout)
        for outlet in self.outlets:
            safe = outlet.flush(max(0.0, deadline - clock())) and safe
        return safe and not self.ledger.losses()

    def close(self, timeout: float) -> None:
        """Writes what is left and ends every thread."""
        self._closed = True
        self._pump.close(timeout)
        for outlet in self.outlets:
            outlet.close(timeout)

    def _record(self, entries: list[Entry]) -> None:
        if self.opens is not None:
            self.opens()
            self.opens = None
        records: list[Record] = []
        if self._lost:
            with self._losses:
                lost, self._lost = self._lost, 0
            records.append(self._write(Gap(lost, "the queue was full"), entries[0].at_ns, None, None))
        for entry in entries:
            try:
                records.extend(self._records_of(entry))
            except Exception as error:
                self.ledger.count("dropped")
                self.ledger.lose("an event could not be written")
                self.ledger.bug("writing an event", error)
        for outlet in self.outlets:
            outlet.offer(records)

    def _records_of(self, entry: Entry) -> list[Record]:
        what = entry.what
        if isinstance(what, dict):
            return self._logged(entry, what)
        if isinstance(what, Rollout):
            return self._rollout(entry, what)
        if isinstance(what, Measured):
            return self._measured(entry, what)
        if isinstance(what, LateScore):
            assert entry.step is not None
            return [self._write(what.event, entry.at_ns, entry.step, self._scored.latest(entry.step))]
        if isinstance(what, Artifact):
            return [self._artifact(entry, what)]
        return [self._write(what, entry.at_ns, entry.step, entry.episode)]

    def _logged(self, entry: Entry, numbers: Numbers) -> list[Record]:
        scores, absent = self._clean(numbers)
        step, episode = entry.step, entry.episode
        assert step is not None
        if not scores and not absent:
            return []
        first = self._scored.first(step, episode)
        if episode is None:
            episode = self.node(step)
            self._scored.judged(step, episode)
        if first:
            return self._snapshot(SnapshotScored(scores, absent), entry.at_ns, step, episode)
        return self._added(scores, entry.at_ns, step, episode)

    def _rollout(self, entry: Entry, what: Rollout) -> list[Record]:
        scores, absent = self._clean(what.numbers)
        step, episode = entry.step, entry.episode
        assert step is not None
        if episode is None:
            episode = f"{self.node(step)}-{self._rollouts}"
            self._rollouts += 1
        elif not self._scored.first(step, episode):
            self.ledger.count("replaced_rollouts")
            self.ledger.warn(
                "replaced",
                f"episode {episode!r} has a rollout of step {step} already; the new one is shown instead. "
                "Name another episode, or none, to keep both (reported once)",
            )
        self._scored.judged(step, episode)
        named = (path_of(p) for p in what.not_evaluated)
        absent += [p for p in dict.fromkeys(named) if p and p not in scores and p not in absent]
        duration = what.duration_ms
        snapshot = SnapshotScored(
            scores=scores,
            not_evaluated=absent,
            failures=list(what.failures),
            action=text(what.action, self.ledger),
            observation=text(what.observation, self.ledger),
            duration_ms=duration
            if duration is not None and math.isfinite(duration) and duration >= 0
            else None,
            is_paused=what.is_paused,
            challenge=what.challenge,
            metadata=what.metadata,
        )
        return self._snapshot(snapshot, entry.at_ns, step, episode)

    def _measured(self, entry: Entry, what: Measured) -> list[Record]:
        numbers = what.numbers
        scores: dict[str, float] = {}
        for path, value in zip(self._paths(numbers, "metrics."), numbers.values(), strict=True):
            if path and math.isfinite(value):
                scores[path] = value
            else:
                self._not_a_score(path, value)
        return self._added(scores, entry.at_ns, entry.step, None)

    def node(self, step: int) -> str:
        """The id of the episode for what this process logs at a step without an episode."""
        return f"{self.writer}-{step}"

    def _snapshot(self, snapshot: SnapshotScored, at_ns: int, step: int, episode: str) -> list[Record]:
        """The snapshot, followed by the scores that do not fit into one event."""
        scores, over = snapshot.scores, {}
        if len(scores) > MAX_SCORES:
            # The root is among the first.
            pairs = sorted(scores.items(), key=lambda pair: pair[0] != "root")
            snapshot.scores, over = dict(pairs[:MAX_SCORES]), dict(pairs[MAX_SCORES:])
        if (more := len(snapshot.not_evaluated) - MAX_SCORES) > 0:
            self.ledger.count("skipped_values", more)
            self.ledger.warn(
                "not evaluated",
                f"more than {MAX_SCORES} paths were not evaluated; the others are left out (reported once)",
            )
            snapshot.not_evaluated = snapshot.not_evaluated[:MAX_SCORES]
        return [self._write(snapshot, at_ns, step, episode), *self._added(over, at_ns, step, episode)]

    def _added(
        self, scores: dict[str, float], at_ns: int, step: int | None, episode: str | None
    ) -> list[Record]:
        added = (ScoreAdded("step", path, value, "log") for path, value in scores.items())
        return [self._write(event, at_ns, step, episode) for event in added]

    def _artifact(self, entry: Entry, what: Artifact) -> Record:
        if isinstance(what.content, Path):
            size, sha256 = what.content.stat().st_size, copy_hashed(what.content)
        else:
            size, sha256 = len(what.content), hashlib.sha256(what.content).hexdigest()
        event = ArtifactAdded(
            label(what.name, "artifact"),
            label(what.mime_type, "application/octet-stream"),
            size,
            sha256,
            label(what.role, "file"),
        )
        record = self._write(event, entry.at_ns, entry.step, entry.episode)
        record.blob = what.content
        return record

    def _write(self, event: Event, at_ns: int, step: int | None, episode: str | None) -> Record:
        id, at, body = uuid7(at_ns), rfc3339(at_ns), event.body()
        try:
            line = encode(event.kind, body, id, at, episode, step)
        except UnicodeEncodeError:
            (episode, body), count = repaired([episode, body])
            self.ledger.count("repaired_texts", count)
            line = encode(event.kind, body, id, at, episode, step)
        return Record(line, id, at, event.kind, body, episode, step)

    def _clean(self, numbers: dict[str, float]) -> tuple[dict[str, float], list[str]]:
        """Scores by path, and the paths that were not evaluated; `reward` becomes the root where there is no
        other."""
        paths = self._paths(numbers, "")
        if "reward" in paths and "root" not in paths:
            paths = ["root" if path == "reward" else path for path in paths]
        scores: dict[str, float] = {}
        absent: list[str] = []
        for path, value in zip(paths, numbers.values(), strict=True):
            if path and math.isfinite(value):
                scores[path] = value
                continue
            self._not_a_score(path, value)
            if path:
                absent.append(path)
        return scores, absent

    def _paths(self, numbers: dict[str, float], prefix: str) -> list[str]:
        """The paths of the names in one call; names with the same path are counted and reported once."""
        paths = paths_of(numbers, prefix)
        for name, path in zip(numbers, paths, strict=True):
            if "\ufffd" in path and without_surrogates(str(name)) is not name:
                self.ledger.count("repaired_texts")
            if "~" in path and "~" not in str(name):
                self.ledger.count("renamed_scores")
                self.ledger.warn(
                    f"renamed {path}",
                    f"the name {shown(str(name).rstrip(_SAME))} is too long for a path, or another one of "
                    f"the call means the same; it is kept as {path!r} (reported once)",
                )
        return paths

    def _not_a_score(self, path: str, value: float) -> None:
        if not path:
            self.ledger.count("skipped_values")
            self.ledger.warn("no path", "a value without a name is left out (reported once)")
            return
        self.ledger.count("not_evaluated")


class _Scored:
    """Which (step, episode) has a snapshot already. Bounded: holds the newest episodes with all of their
    steps, and for the newest steps the episode that was scored last. ``None`` means calls without an
    episode."""

    _MAX_EPISODES = 65_536
    _MAX_STEPS = 4096

    def __init__(self) -> None:
        self._steps: OrderedDict[str | None, _Steps] = OrderedDict()
        self._judged: OrderedDict[int, str] = OrderedDict()

    def first(self, step: int, episode: str | None) -> bool:
        """Whether this is the first snapshot of that step; the next call returns ``False``."""
        steps = self._steps.get(episode)
        if steps is None:
            steps = self._steps[episode] = _Steps()
            if len(self._steps) > self._MAX_EPISODES:
                oldest = next(name for name in self._steps if name is not None)
                del self._steps[oldest]
        return steps.add(step)

    def judged(self, step: int, episode: str) -> None:
        """Sets the episode that was scored last at a step."""
        self._judged[step] = episode
        self._judged.move_to_end(step)
        if len(self._judged) > self._MAX_STEPS:
            self._judged.popitem(last=False)

    def latest(self, step: int) -> str | None:
        """The episode that this process scored last at a step, if any."""
        return self._judged.get(step)


class _Steps:
    """A set of steps that stays small while they count up: all below `_upto` that began at `_from`, and
    others."""

    __slots__ = ("_from", "_others", "_upto")

    def __init__(self) -> None:
        self._from = self._upto = 0
        self._others: set[int] = set()

    def add(self, step: int) -> bool:
        if self._from <= step < self._upto or step in self._others:
            return False
        if self._from == self._upto:
            self._from, self._upto = step, step + 1
        elif step == self._upto:
            self._upto += 1
            while self._upto in self._others:
                self._others.discard(self._upto)
                self._upto += 1
        else:
            self._others.add(step)
        return True
