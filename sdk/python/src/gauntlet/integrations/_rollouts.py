"""One judged rollout as an episode of its own: it begins, is scored, and ends, so that episodes can be
counted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..events import EpisodeFinished, EpisodeStarted, StepError, StepRecorded
from ..stamps import rfc3339, span_id
from ..values import number, object_of, optional_label, text

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["exception_of", "record_rollout"]


def exception_of(error: StepError) -> dict[str, Any]:
    """An exception as a rollout's metadata shows it."""
    return {"type": error.type_, "message": error.message}


def record_rollout(
    run: Run,
    scores: Mapping[str, Any],
    *,
    episode: str,
    step: int,
    action: str = "",
    observation: str = "",
    not_evaluated: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    error: StepError | None = None,
    raised_in: str | None = None,
) -> None:
    """Records the episode ``episode`` with its one rollout.

    ``observation`` is its task, the root score its return. ``error`` is the exception that ended it, raised
    in the function ``raised_in``: the rollout and the episode then have failed.
    """
    about = object_of(metadata)
    if error is not None:
        about["exception"] = {**exception_of(error), **({"raised_in": raised_in} if raised_in else {})}
    started = EpisodeStarted(optional_label(observation))
    started.metadata = {name: about[name] for name in ("split", "group") if name in about}
    run.emit(started, step=None, episode=episode)
    if error is not None:
        raised = StepRecorded("error", span_id(), rfc3339(time.time_ns()), optional_label(raised_in))
        raised.error = error
        run.emit(raised, step=step, episode=episode)
    run.rollout(
        scores,
        action=action,
        observation=observation,
        step=step,
        episode=episode,
        not_evaluated=not_evaluated,
        failures=() if error is None else ("generic",),
        metadata=about,
    )
    finished = EpisodeFinished("completed" if error is None else "failed")
    finished.return_ = number(scores.get("root"))
    finished.error = None if error is None else text(f"{error.type_}: {error.message}")
    run.emit(finished, episode=episode)
