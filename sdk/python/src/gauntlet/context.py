"""Which run, episode and span the code is in. Episodes and spans follow threads and tasks; the run is the process's."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .episodes import Episode
    from .run import Run

__all__ = ["current_run", "enter", "episode", "episode_id", "inside", "leave", "runs", "span"]

#: The episode this thread or task is in.
episode: ContextVar[Episode | None] = ContextVar("gauntlet_episode", default=None)
#: The span this thread or task is in.
span: ContextVar[str | None] = ContextVar("gauntlet_span", default=None)

_runs: list[Run] = []


def current_run() -> Run | None:
    """The run begun last that has not ended."""
    return _runs[-1] if _runs else None


def runs() -> tuple[Run, ...]:
    """Every run of this process that has not ended, the one begun last at the end."""
    return tuple(_runs)


def enter(run: Run) -> None:
    """Makes a run the current one."""
    _runs.append(run)


def leave(run: Run) -> None:
    """A run ended; the one before it is current again."""
    if run in _runs:
        _runs.remove(run)


def inside() -> Episode | None:
    """The episode this thread or task is in; one that has ended, perhaps in another thread, is none."""
    now = episode.get()
    return now if now is not None and not now._ended else None


def episode_id(run: object) -> str | None:
    """The current episode's id, if it is that run's."""
    now = episode.get()
    return now.id if now is not None and now.run is run and not now._ended else None
