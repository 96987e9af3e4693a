"""What every integration needs: the run it records to, and a guard that never raises into the user's loop."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .. import joining
from ..compat.run import Run as CompatibleRun
from ..ledger import Ledger
from ..run import Run, current_run
from ..settings import Settings
from ..stamps import writer_id

if TYPE_CHECKING:
    from ..events import Ending

__all__ = ["Source", "guarded", "rank", "unique"]

_Result = TypeVar("_Result")
#: Counts what goes wrong while there is no run to count it.
_runless = Ledger()


class Source:
    """The run an integration records to: the one it got, else the current one, else one it begins."""

    def __init__(self, run: Run | None = None, joins: bool = False, **init: Any) -> None:
        self._explicit = run
        #: The run that another part of the integration, or another process, has begun.
        self._used: Run | None = None
        self._init = init
        #: Whether this is one of a job's many workers: a run that the environment names is ended by another
        #: process.
        self._joins = joins
        #: The run that was begun in another process, of which this one is a further writer.
        self._identity: dict[str, Any] | None = None
        self._lock = threading.Lock()
        #: The run that was begun here, and so is ended here.
        self.begun: Run | None = None

    def __getstate__(self) -> dict[str, Any]:
        """For another process, which writes to the same run and leaves its end to this one."""
        run = self._known()
        named = self._identity if run is None else run.identity()
        return {"init": self._init, "joins": self._joins, "identity": named}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(None, state["joins"], **state["init"])  # type: ignore[misc]
        self._identity = state["identity"]

    def run(self, **init: Any) -> Run:
        """That run; ``init`` are more arguments of :func:`gauntlet.init` for one that must be begun."""
        with self._lock:
            run = self._known()
            if run is None and self._identity is not None:
                run = self._used = joining.join(CompatibleRun, self._identity)
            elif run is None:
                from .. import init as begin

                run = self.begun = begin(**{**init, **self._init})
                if self._joins and run.id == Settings.from_env().run_id:
                    run.disown()
            return run

    def join(self, identity: dict[str, Any]) -> Run:
        """The run of that identity, which another process began and ends; but the one it was given, if there
        is."""
        with self._lock:
            if self._explicit is not None:
                return self._explicit
            self._used = joining.join(CompatibleRun, identity)
            return self._used

    def _known(self) -> Run | None:
        return self._explicit or self._used or self.begun or current_run()

    def use(self, run: Run) -> None:
        """Records to that run from now on, unless one was given."""
        with self._lock:
            self._used = run

    def finish(self, status: Ending, summary: dict[str, Any] | None = None) -> None:
        """Ends the run if it was begun here; else makes safe what was recorded so far."""
        with self._lock:
            begun, self.begun = self.begun, None
        run = self._known()
        if begun is not None:
            begun.finish(status, summary)
        elif run is not None:
            run.flush()


#: This process, its name among all that write, and the count of what it has named.
_namer: tuple[int, str, Iterator[int]] = (0, "", itertools.count())


def unique(what: str) -> str:
    """``what`` with a suffix that is unique among processes, forks of this one, and calls."""
    global _namer
    if _namer[0] != os.getpid():
        _namer = (os.getpid(), writer_id(), itertools.count())
    _, writer, count = _namer
    return f"{what}-{writer}-{next(count)}"


def rank() -> int:
    """The number of this process among those of a distributed training, as torchrun and accelerate set it;
    else 0."""
    return int(os.environ.get("RANK") or 0)


def guarded(hook: Callable[..., _Result]) -> Callable[..., _Result | None]:
    """``hook``, whose errors are counted and reported once instead of raised; it then returns ``None``."""

    @functools.wraps(hook)
    def call(*args: Any, **kwargs: Any) -> _Result | None:
        try:
            return hook(*args, **kwargs)
        except Exception as error:
            run = current_run()
            ledger = _runless if run is None else run.journal.ledger
            ledger.bug(f"{hook.__module__}.{hook.__qualname__}", error)
            return None

    return call
