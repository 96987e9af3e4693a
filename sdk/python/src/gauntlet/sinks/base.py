"""What a sink is: where events go once they are written.

Each sink of a run has its own bounded queue, its own thread, its own counters. One that fails or is slow
loses or delays its own events only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..settings import Settings

__all__ = ["Record", "RunInfo", "Sink", "as_sink"]


@dataclass(slots=True)
class Record:
    """One event, written: as a line of JSON and as its parts."""

    line: bytes
    id: str
    at: str
    kind: str
    body: dict[str, Any]
    episode: str | None = None
    step: int | None = None
    #: The content of an ``artifact.added``: its bytes, or a file that holds them.
    blob: bytes | Path | None = None


@dataclass(slots=True)
class RunInfo:
    """The run a sink works for."""

    id: str
    spec: dict[str, Any]
    settings: Settings
    ledger: Ledger
    #: Whether this process began the run and ends it: a forked child does not, nor does one of many that
    #: joined it.
    owner: Callable[[], bool]
    #: Names this process and run among all that write to it: 12 hex digits.
    writer: str = ""
    #: Whether the run exists already as far as this process knows: it is not created then.
    exists: bool = False
    #: Names of the settings that the caller gave, and that an existing run should have as well.
    requested: Sequence[str] = ()


class Sink:
    """Base of every sink. Only :meth:`write` must be overridden."""

    #: Names the sink in counters and warnings; several of one name are numbered there.
    name = "sink"
    #: ``False`` once the run ends: a flush may then give up while what it waits for is away.
    patient = True

    def open(self, run: RunInfo) -> None:
        """Called once, in ``init``, before the first event. An error here turns the sink off, with a
        warning."""

    def write(self, records: Sequence[Record]) -> None:
        """Takes events, in order, on the sink's own thread. An exception means none were taken: the same ones
        come again, up to three times, with growing pauses; then they are dropped and counted."""
        raise NotImplementedError

    def flush(self, timeout: float) -> bool:
        """Makes safe what was written so far; ``False`` where that took longer than ``timeout`` seconds."""
        return True

    def leave(self, ending: dict[str, Any]) -> None:
        """Called before :meth:`close` in a process that ends while others may write to its run: its
        ``status``, and a ``summary`` where there is one."""

    def close(self) -> None:
        """Called once, after the last event."""

    def forked(self) -> Sink | None:
        """The sink to use in a forked child process; ``None`` where there is to be none."""
        return None

    def stats(self) -> dict[str, int]:
        """Counters of its own."""
        return {}


class _Adapter(Sink):
    """A sink of an object that does not derive from :class:`Sink`: it has ``write``, and may have the other
    methods."""

    def __init__(self, target: Any) -> None:
        self.name = str(getattr(target, "name", None) or type(target).__name__)
        self._target = target
        for method in ("flush", "leave", "close", "forked", "stats"):
            if callable(has := getattr(target, method, None)):
                setattr(self, method, has)

    def open(self, run: RunInfo) -> None:
        if not callable(getattr(self._target, "write", None)):
            raise TypeError(f"{self._target!r} is not a sink: it has no method write(records)")
        if callable(begin := getattr(self._target, "open", None)):
            begin(run)

    def write(self, records: Sequence[Record]) -> None:
        self._target.write(records)


def as_sink(sink: Any) -> Sink:
    """The sink itself, or an adapter of an object that only has its methods."""
    return sink if isinstance(sink, Sink) else _Adapter(sink)
