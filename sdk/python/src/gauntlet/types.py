"""What modules of the package know of a run and an episode without importing them.

Runs are made of journals, episodes and controls, which in turn act on runs: each sees the other by these
protocols.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from .events import Challenge, Failure, Target

__all__ = ["ArtifactOptions", "OpenEpisode", "OpenRun", "RolloutOptions", "ScoreOptions"]


class OpenRun(Protocol):
    """A run of this process that has not ended."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def endpoint(self) -> str:
        """The address of its server."""


class OpenEpisode(Protocol):
    """An episode that a thread or task is in."""

    id: str
    #: Whether it has a snapshot already, so that its end makes none.
    scored: bool

    @property
    def journal(self) -> object:
        """The journal of its run."""

    @property
    def ended(self) -> bool:
        """Whether it has ended, perhaps in another thread."""

    @property
    def outside(self) -> tuple[OpenEpisode | None, str | None]:
        """The episode and the span that the code was in before."""

    def cancel(self) -> None:
        """Ends it because its run ends."""


class RolloutOptions(TypedDict, total=False):
    """The keyword arguments of ``rollout`` beside ``episode``."""

    action: Any
    observation: Any
    step: int | None
    not_evaluated: Sequence[str]
    failures: Sequence[Failure]
    duration_ms: float | None
    metadata: Mapping[str, Any] | None
    is_paused: bool
    challenge: Challenge | Mapping[str, Any] | None


class ScoreOptions(TypedDict, total=False):
    """The keyword arguments of ``score`` beside ``episode``."""

    target: Target
    step: int | None
    label: str | None
    explanation: str | None
    source: str


class ArtifactOptions(TypedDict, total=False):
    """The keyword arguments of ``artifact`` beside ``episode``."""

    mime_type: str | None
    step: int | None
