"""What a loop records in its run: numbers, rollouts, scores, events, files. Methods return at once, none
raises."""

from __future__ import annotations

import math
import operator
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from . import context
from .events import (
    AlertRaised,
    Challenge,
    Event,
    Failure,
    ScoreAdded,
    Severity,
    SnapshotScored,
    Target,
)
from .ledger import Ledger, Unusable
from .paths import path_of
from .recorder import Artifact, Entry, LateScore, Measured, Recorder, Rollout
from .stamps import writer_id
from .values import (
    MAX_STEP,
    as_text,
    identifier,
    label,
    mime_type_of,
    number,
    numbers,
    object_of,
    optional_label,
    reading,
    shown,
    text,
    words,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from .types import OpenEpisode

__all__ = ["Journal"]

#: Files up to this size are read when they are named; larger ones later, on the recorder's thread. Bytes.
_READ_NOW_BYTES = 1 << 20
#: Integers up to this are floats exactly.
_EXACT = 2**53
#: Makes an entry without its constructor, which is Python code that each call of the loop would run.
_new = tuple.__new__
_FAILURES = frozenset(get_args(Failure))
#: The severity of each level of an alert, wandb's among them.
_SEVERITIES: dict[str, Severity] = {
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
}
#: Titles of alerts whose last time is remembered; beyond it all are forgotten.
_MAX_TITLES = 1024


class Journal:
    """Records into one run. ``off``: everything is ignored. Its public methods are those of
    :class:`gauntlet.Run`, documented here."""

    def __init__(self, off: bool, ledger: Ledger, last_step: int = -1) -> None:
        self.off = off
        #: The step that was logged last, by this process or by an earlier one of the same run.
        self.last_step = last_step
        #: Whether this process has logged a step, and before that what was measured for the first one.
        self._logged = False
        self._measured: set[str] = set()
        self.renew(ledger)

    def renew(self, ledger: Ledger) -> None:
        """Resets everything but the count of steps, for a forked child: its locks and threads are the
        parent's."""
        #: Held while state that several threads share is read or changed.
        self.lock = threading.RLock()
        self.open_episodes: dict[str, OpenEpisode] = {}
        #: Called once before the run ends: callbacks that record what they still hold.
        self.before_finish: list[Callable[[], None]] = []
        #: When an alert of each title was last raised, by the monotonic clock, seconds.
        self._alerted: dict[str, float] = {}
        self.ledger = ledger
        #: Part of the generated ids of episodes: unique for this process and run; a forked child gets a new
        #: one.
        self.writer = writer_id()
        self.recorder = Recorder(self.ledger, self.writer)

    # Numbers

    def log(self, scores: Mapping[str, Any], step: int | None = None, *, episode: str | None = None) -> None:
        """Records the numbers of a training step; ``step`` is the last one plus 1 where none is given.

        Logging the same step again adds to it; what another process logs at that step is a node of its own.
        ``reward`` is the total score (``root``) where there is no ``root``. Nested mappings and ``a/b``
        become ``a.b``. ``None`` and NaN mean that a rubric was not evaluated; what is not a number is left
        out
        and counted.
        """
        if self.off:
            return
        try:
            self.log_numbers(self.taken(scores), step, episode)
        except Exception as error:
            self.ledger.left_out("log", error)

    def log_numbers(self, numbers: dict[str, float], step: int | None, episode: str | None) -> None:
        """Queues numbers. The caller must not change them afterwards."""
        at = time.time_ns()
        within = context.episode_id(self) if episode is None else self._within(episode)
        if within is not None:
            self._judge(within)
        self.recorder.put(_new(Entry, (at, numbers, self._step(step), within)))

    def metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Records measurements (loss, kl, lr) of a step, under ``metrics.``: curves beside its rollouts, of
        none of them in particular, and never a failure.

        Without ``step`` they belong to the step that was logged last. Before anything is logged they begin at
        the first step, and a measurement that is taken again is of the next one.
        """
        if self.off:
            return
        try:
            at = time.time_ns()
            taken = self.taken(values)
            index = _index(step)
            if index is None:
                index = self._measured_step(taken)
            self.recorder.put(Entry(at, Measured(taken), index))
        except Exception as error:
            self.ledger.left_out("metrics", error)

    def _measured_step(self, taken: Mapping[str, float]) -> int:
        with self.lock:
            if self._logged:
                return self.last_step
            if not self._measured.isdisjoint(taken):
                self._measured.clear()
                self.last_step += 1
            self._measured.update(taken)
            return self.last_step + 1

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

        All rollouts of a step are recorded: one without ``episode`` gets its own. ``failures``
        names failures where there are no scores to judge by. Texts over 1 MiB are cut, with a marker.
        """
        if self.off:
            return
        try:
            at = time.time_ns()
            action_text, observation_text = text(action, self.ledger), text(observation, self.ledger)
            within = self._within(episode)
            self._judge(within)
            what = Rollout(
                self.taken(scores),
                action_text,
                observation_text,
                words(not_evaluated),
                self._failures(words(failures)),
                number(duration_ms),
                {} if metadata is None else object_of(metadata),
                bool(is_paused),
                _challenge(challenge),
            )
            self.recorder.put(
                Entry(at, what, self._step(step), within), len(action_text) + len(observation_text)
            )
        except Exception as error:
            self.ledger.left_out("rollout", error)

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
        """Adds one score to a step (the last one where none is named), an episode or the run.

        Where no episode is named, a step's score is of what this process scored last at that step.
        """
        if self.off:
            return
        try:
            at = time.time_ns()
            if target not in get_args(Target):
                raise Unusable(
                    f"the target is {shown(target)}; it must be one of {', '.join(get_args(Target))}"
                )
            if not path_of(path):
                raise Unusable(f"the path is {shown(path)}; it must name a rubric")
            taken = self.taken({path: value})
            within = self._within(episode)
            if target == "episode" and within is None:
                raise Unusable("no episode is named, and the code is in none")
            index = _index(step)
            if target == "step" and index is None:
                index = max(self.last_step, 0)
            for name, found in taken.items():
                if not math.isfinite(found):
                    self.ledger.count("not_evaluated")
                    continue
                event = ScoreAdded(target, path_of(name), found, optional_label(source) or "sdk")
                event.label = optional_label(label)
                event.explanation = None if explanation is None else text(explanation, self.ledger)
                what = LateScore(event) if target == "step" and within is None else event
                self.recorder.put(Entry(at, what, index, within))
        except Exception as error:
            self.ledger.left_out("score", error)

    def alert(
        self,
        title: str,
        text: str = "",
        level: Severity | Any = "warning",
        wait_duration: float | timedelta = 0,
        *,
        step: int | None = None,
    ) -> None:
        """Raises an alert: an event of the run that its page and ``gauntlet tail`` show.

        ``level`` is ``"info"``, ``"warning"``, ``"error"``, or one of ``wandb.AlertLevel``. An alert whose
        title was raised less than ``wait_duration`` ago (seconds) is left out. Without ``step`` it belongs to
        the step that was logged last.
        """
        if self.off:
            return
        try:
            message = _alert_text(title, text, self.ledger)
            if not message:
                raise Unusable("it has neither a title nor a text")
            severity = self._severity(level)
            index = _index(step)
            if index is None and self.last_step >= 0:
                index = self.last_step
            if self._is_due(as_text(title), wait_duration):
                self.put(AlertRaised(message, severity), index)
        except Exception as error:
            self.ledger.left_out("alert", error)

    def _severity(self, level: Any) -> Severity:
        word = str(getattr(level, "value", level) or "")
        severity = _SEVERITIES.get(word.lower())
        if severity is None and word:
            self.ledger.warn(
                f"level {word}",
                f"the level {shown(level)} is none of info, warning, error; the alert is a warning "
                "(reported once)",
            )
        return severity or "warning"

    def _is_due(self, title: str, wait: float | timedelta) -> bool:
        """Whether no alert of this title was raised within the last ``wait``."""
        seconds = float(wait or 0) if isinstance(wait, (int, float)) else wait.total_seconds()
        now = time.monotonic()
        with self.lock:
            last = self._alerted.get(title)
            if last is not None and now - last < seconds:
                return False
            if len(self._alerted) >= _MAX_TITLES:
                self._alerted.clear()
            self._alerted[title] = now
            return True

    def _within(self, episode: Any) -> str | None:
        """The given episode, else the current one."""
        if episode is None or episode == "":
            return context.episode_id(self)
        return identifier(episode, "episode", self.ledger)

    def _judge(self, episode: str | None) -> None:
        """Marks an episode as scored, so that it needs no node at its end; see :meth:`Episode.finish`."""
        if episode is not None and (begun := self.open_episodes.get(episode)) is not None:
            begun.scored = True

    def taken(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """A copy of the scores, every one a float. Raises :class:`Unusable` for what is not a mapping."""
        if scores.__class__ is not dict and not isinstance(scores, Mapping):
            raise Unusable(f"the scores are {shown(scores)}; they must be a mapping of names to numbers")
        floats = True
        for value in scores.values():
            if value.__class__ is not float:
                # Larger integers than these are not floats, which `numbers` reports.
                if value.__class__ is not int or not -_EXACT <= value <= _EXACT:
                    return numbers(scores, self.ledger)
                floats = False
        return dict(scores) if floats else {name: float(value) for name, value in scores.items()}

    def _step(self, step: int | None) -> int:
        # Most steps are none or such integers: `_index` is for all others.
        index = step
        if step is not None and (step.__class__ is not int or not 0 <= step <= MAX_STEP):
            index = _index(step)
        with self.lock:
            self._logged = True
            self.last_step = index = self.last_step + 1 if index is None else index
            return index

    def _failures(self, names: Sequence[str]) -> tuple[Failure, ...]:
        if not names:
            return ()
        strange = [name for name in names if name not in _FAILURES]
        if strange:
            self.ledger.warn(
                f"failure {strange[0]}",
                f"the failure {shown(strange[0])} is none of {', '.join(get_args(Failure))}; it is kept as "
                "generic (reported once)",
            )
        accepted: list[Any] = [name if name in _FAILURES else "generic" for name in names]
        return tuple(dict.fromkeys(accepted))

    def step_under_way(self) -> tuple[int, str]:
        """The step that is logged next, and the episode of this process there, for records outside of
        episodes."""
        step = self.last_step + 1
        return step, self.recorder.node(step)

    # Events, files

    def emit(self, event: Event, *, step: int | None = None, episode: str | None = None) -> None:
        """Records any typed event of :mod:`gauntlet.events`, as it is."""
        if not self.off:
            within = None if episode is None else identifier(episode, "episode")
            if isinstance(event, SnapshotScored):
                self._judge(within)
            self.put(event, step, within)

    def put(
        self, event: Event, step: int | None = None, episode: str | None = None, at_ns: int | None = None
    ) -> None:
        """Queues an event as it is, of the time ``at_ns``: nanoseconds since the Unix epoch, now where 0 or
        none."""
        try:
            self.recorder.put(Entry(at_ns or time.time_ns(), event, _index(step), episode))
        except Exception as error:
            self.ledger.left_out("emit", error)

    def artifact(
        self,
        content: str | bytes | os.PathLike[str],
        name: str | None = None,
        role: str = "file",
        mime_type: str | None = None,
        step: int | None = None,
        episode: str | None = None,
    ) -> None:
        """Stores a file, bytes or a text with the run.

        A :class:`~pathlib.Path`, or a text that names an existing file, is a file; its content is read now up
        to 1 MiB, and by a background thread above that: a larger file must stay as it is until :meth:`flush`.
        """
        if self.off:
            return
        try:
            at = time.time_ns()
            path = _file(content)
            blob: bytes | Path
            if path is not None:
                blob = path.read_bytes() if path.stat().st_size <= _READ_NOW_BYTES else path.absolute()
                default = path.name
            else:
                blob = content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")
                default = "artifact.txt" if isinstance(content, str) else "artifact.bin"
            named = optional_label(name) or default
            kind = optional_label(mime_type) or mime_type_of(named)
            what = Artifact(blob, named, kind, role)
            size = len(blob) if isinstance(blob, bytes) else 0
            self.recorder.put(Entry(at, what, _index(step), self._within(episode)), size)
        except Exception as error:
            self.ledger.count("artifacts_failed")
            self.ledger.lose("an artifact was not kept")
            display = shown(content if name is None else name)
            self.ledger.warn(f"artifact {display}", f"the artifact {display} was not kept: {error}")


def _index(step: Any) -> int | None:
    """A step's number: any integer from 0 to 2^53 - 1, a float or a text as well, as trainers have them.
    ``None`` where there is none, NaN included."""
    if step is None:
        return None
    try:
        index = operator.index(step)
    except TypeError:
        found = reading(step)
        if found is not None and math.isnan(found):
            return None
        if found is None or not found.is_integer():
            raise Unusable(f"the step is {shown(step)}; it must be a whole number") from None
        index = int(found)
    if not 0 <= index <= MAX_STEP:
        raise Unusable(f"the step is {shown(step)}; steps run from 0 to {MAX_STEP}")
    return index


def _alert_text(title: Any, words: Any, ledger: Ledger) -> str:
    """The text of an alert: title and text, or the one that is not empty."""
    parts = (as_text(part).strip() for part in (title, words))
    return text(": ".join(part for part in parts if part), ledger)


def _challenge(challenge: Challenge | Mapping[str, Any] | None) -> Challenge | None:
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
