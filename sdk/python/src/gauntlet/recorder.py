"""From what the loop said to events: the one place that decides ids, times and which kind of event it becomes.

Runs on its own thread, in the order of the calls, and hands every sink the same records.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .events import ArtifactAdded, Challenge, Event, Failure, Gap, ScoreAdded, SnapshotScored, encode
from .ledger import Ledger
from .pump import Pump
from .sinks.base import Record
from .sinks.outlet import Outlet
from .stamps import rfc3339, uuid7
from .values import MAX_SCORES, copy_hashed, label, path_of, text

__all__ = ["Artifact", "Entry", "Logged", "Recorder", "Rollout"]

#: Most calls that wait for this thread, and about how many bytes of text they may hold.
_MOST_ENTRIES = 131_072
_MOST_BYTES = 256 << 20
#: Largest step number.
MAX_STEP = 2**31 - 1


@dataclass(slots=True)
class Logged:
    """Numbers of a step: the first of a step is a snapshot, later ones are laid over it."""

    numbers: dict[str, float]
    prefix: str = ""


@dataclass(slots=True)
class Rollout:
    """One judged rollout. ``alone``: no episode was named, so it must not replace another one of its step."""

    numbers: dict[str, float]
    alone: bool
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


@dataclass(slots=True)
class Entry:
    """One call of the loop, with the time it was made."""

    at_ns: int
    what: Event | Logged | Rollout | Artifact
    step: int | None = None
    episode: str | None = None


class Recorder:
    """Takes entries from the loop and gives records to the outlets."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.outlets: list[Outlet] = []
        self._scored = _Scored()
        self._losses = threading.Lock()
        self._lost = 0
        self._closed = False
        self._pump: Pump[Entry] = Pump("recorder", self._record, ledger, _MOST_ENTRIES, _MOST_BYTES)

    def put(self, entry: Entry, size: int = 0) -> None:
        """Queues a call; a full queue is counted and becomes a gap in the stream."""
        if self._closed:
            self.ledger.count("dropped")
            self.ledger.warn(
                "closed", "something was logged after the run had ended; it is left out (told once)"
            )
            return
        if not self._pump.put(entry, size):
            with self._losses:
                self._lost += 1
            self.ledger.count("dropped")
            self.ledger.warn("full", "events come faster than they can be written; some are dropped")

    def flush(self, timeout: float, clock: Callable[[], float]) -> bool:
        """Waits until everything put so far is safe in every sink."""
        deadline = clock() + timeout
        safe = self._pump.barrier(timeout)
        for outlet in self.outlets:
            safe = outlet.flush(max(0.0, deadline - clock())) and safe
        return safe

    def close(self, timeout: float) -> None:
        """Writes what is left and ends every thread."""
        self._closed = True
        self._pump.close(timeout)
        for outlet in self.outlets:
            outlet.close(timeout)

    def _record(self, entries: list[Entry]) -> None:
        records: list[Record] = []
        if self._lost:
            with self._losses:
                lost, self._lost = self._lost, 0
            records.append(_write(Gap(lost, "the queue was full"), entries[0].at_ns, None, None))
        for entry in entries:
            try:
                records.extend(self._records_of(entry))
            except Exception as error:
                self.ledger.count("dropped")
                self.ledger.bug("writing an event", error)
        for outlet in self.outlets:
            outlet.offer(records)

    def _records_of(self, entry: Entry) -> list[Record]:
        what, step, episode = entry.what, entry.step, entry.episode
        if step is not None and not 0 <= step <= MAX_STEP:
            self.ledger.count("skipped_values")
            self.ledger.warn(
                "step", f"step {step} is outside 0 to {MAX_STEP}; the call is left out (told once)"
            )
            return []
        if isinstance(what, Logged):
            return self._logged(entry, what)
        if isinstance(what, Rollout):
            return [self._rollout(entry, what)]
        if isinstance(what, Artifact):
            return [self._artifact(entry, what)]
        return [_write(what, entry.at_ns, step, episode)]

    def _logged(self, entry: Entry, what: Logged) -> list[Record]:
        scores = self._clean(what.numbers, what.prefix)
        assert entry.step is not None
        if not scores:
            return []
        episode = entry.episode
        if what.prefix and episode is None:
            # Measurements lie over a rollout of their step: on their own they would be a node that nobody judged.
            episode = self._scored.latest(entry.step)
        if self._scored.first(entry.step, episode):
            return [_write(SnapshotScored(scores), entry.at_ns, entry.step, episode)]
        added = (ScoreAdded("step", path, value, "log") for path, value in scores.items())
        return [_write(event, entry.at_ns, entry.step, episode) for event in added]

    def _rollout(self, entry: Entry, what: Rollout) -> Record:
        scores = self._clean(what.numbers, "")
        assert entry.step is not None
        episode = entry.episode
        first = self._scored.first(entry.step, episode)
        if what.alone and not first:
            episode = self._scored.another(entry.step)
        self._scored.judged(entry.step, episode)
        skipped = [p for p in dict.fromkeys(map(path_of, what.not_evaluated)) if p and p not in scores]
        duration = what.duration_ms
        snapshot = SnapshotScored(
            scores=scores,
            not_evaluated=skipped[:MAX_SCORES],
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
        return _write(snapshot, entry.at_ns, entry.step, episode)

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
        record = _write(event, entry.at_ns, entry.step, entry.episode)
        record.blob = what.content
        return record

    def _clean(self, numbers: dict[str, float], prefix: str) -> dict[str, float]:
        """Paths as the wire wants them; `reward` is the root where nothing else is."""
        scores: dict[str, float] = {}
        for name, value in numbers.items():
            path = path_of(prefix + name)
            if not path or not math.isfinite(value):
                self.ledger.count("skipped_values")
                self.ledger.warn(
                    f"value {name}", f"{name} is {value}, not a finite number; it is left out (told once)"
                )
                continue
            scores[path] = float(value)
        if "root" not in scores and "reward" in scores:
            scores = {"root" if path == "reward" else path: value for path, value in scores.items()}
        if len(scores) > MAX_SCORES:
            self.ledger.count("skipped_values", len(scores) - MAX_SCORES)
            self.ledger.warn("scores", f"a step has {len(scores)} scores; {MAX_SCORES} are kept (told once)")
            scores = dict(list(scores.items())[:MAX_SCORES])
        return scores


class _Scored:
    """Which (step, episode) has a snapshot already. Remembers the newest episodes and all of their steps, and of the
    newest steps which episode was judged last."""

    _MOST_EPISODES = 65_536
    _MOST_STEPS = 4096

    def __init__(self) -> None:
        self._steps: OrderedDict[str | None, _Steps] = OrderedDict()
        self._copies: OrderedDict[int, int] = OrderedDict()
        self._judged: OrderedDict[int, str | None] = OrderedDict()

    def first(self, step: int, episode: str | None) -> bool:
        """Whether this is the first snapshot of that step; it is remembered."""
        steps = self._steps.get(episode)
        if steps is None:
            steps = self._steps[episode] = _Steps()
            if len(self._steps) > self._MOST_EPISODES:
                oldest = next(name for name in self._steps if name is not None)
                del self._steps[oldest]
        return steps.add(step)

    def another(self, step: int) -> str:
        """A name for one more rollout of a step."""
        n = self._copies.pop(step, 1) + 1
        self._copies[step] = n
        if len(self._copies) > self._MOST_STEPS:
            self._copies.popitem(last=False)
        return f"step-{step}-rollout-{n}"

    def judged(self, step: int, episode: str | None) -> None:
        """A rollout of that step, in that episode."""
        self._judged[step] = episode
        if len(self._judged) > self._MOST_STEPS:
            self._judged.popitem(last=False)

    def latest(self, step: int) -> str | None:
        """The episode of the step's last rollout."""
        return self._judged.get(step)


class _Steps:
    """A set of steps that stays small while they count up: all below `_upto` that began at `_from`, and others."""

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


def _write(event: Event, at_ns: int, step: int | None, episode: str | None) -> Record:
    id, at, body = uuid7(at_ns), rfc3339(at_ns), event.body()
    return Record(encode(event.kind, body, id, at, episode, step), id, at, event.kind, body, episode, step)
