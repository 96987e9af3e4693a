"""Which run, episode and span the code is in. Episodes and spans follow threads and tasks; the run is the
process's."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .types import OpenEpisode, OpenRun

__all__ = ["enter", "episode", "episode_id", "inside", "latest", "leave", "runs", "span"]

#: The episode this thread or task is in.
episode: ContextVar[OpenEpisode | None] = ContextVar("gauntlet_episode", default=None)
#: The span this thread or task is in.
span: ContextVar[str | None] = ContextVar("gauntlet_span", default=None)

_runs: list[OpenRun] = []


def latest() -> OpenRun | None:
    """The run begun last that has not ended, for internal use; see :func:`gauntlet.current_run`."""
    return _runs[-1] if _runs else None


def runs() -> tuple[OpenRun, ...]:
    """Every run of this process that has not ended, the one begun last at the end."""
    return tuple(_runs)


def enter(run: OpenRun) -> None:
    """Makes a run the current one."""
    _runs.append(run)


def leave(run: OpenRun) -> None:
    """Removes a run that ended; the one before it is current again."""
    if run in _runs:
        _runs.remove(run)


def inside() -> OpenEpisode | None:
    """The episode this thread or task is in; one that has ended, perhaps in another thread, is none."""
    now = episode.get()
    return now if now is not None and not now.ended else None


def episode_id(journal: object) -> str | None:
    """The current episode's id, if it writes to that journal."""
    now = episode.get()
    return now.id if now is not None and now.journal is journal and not now.ended else None
