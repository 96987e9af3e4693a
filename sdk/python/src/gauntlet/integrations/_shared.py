"""What every integration needs: the run it records to, and never to raise into somebody else's loop."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .. import context
from ..ledger import Ledger

if TYPE_CHECKING:
    from ..events import Status
    from ..run import Run

__all__ = ["Source", "guarded", "rank"]

_Result = TypeVar("_Result")
#: Counts what goes wrong while there is no run to count it.
_runless = Ledger()


class Source:
    """The run an integration records to: the one it was given, else the current one, else one it begins."""

    def __init__(self, run: Run | None = None, **init: Any) -> None:
        self._run = run
        self._init = init
        self._lock = threading.Lock()
        #: The run that was begun here, and so is ended here.
        self.own: Run | None = None

    def run(self, **init: Any) -> Run:
        """That run; ``init`` are more arguments of :func:`gauntlet.init` for one that must be begun."""
        with self._lock:
            run = self._run or self.own or context.current_run()
            if run is None:
                from .. import init as begin

                run = self.own = begin(**{**init, **self._init})
            return run

    def use(self, run: Run) -> None:
        """Records to that run from now on, unless one was given."""
        with self._lock:
            self._run = self._run or run

    def finish(self, status: Status, summary: dict[str, Any] | None = None) -> None:
        """Ends the run if it was begun here; else makes safe what was recorded so far."""
        with self._lock:
            own, self.own = self.own, None
        run = own or self._run or context.current_run()
        if own is not None:
            own.finish(status, summary)
        elif run is not None:
            run.flush()


def rank() -> int:
    """This process's number among those of a distributed training, as torchrun and accelerate tell it; else 0."""
    return int(os.environ.get("RANK") or 0)


def guarded(hook: Callable[..., _Result]) -> Callable[..., _Result | None]:
    """``hook``, whose errors are counted and told once instead of raised; it then gives ``None``."""

    @functools.wraps(hook)
    def call(*args: Any, **kwargs: Any) -> _Result | None:
        try:
            return hook(*args, **kwargs)
        except Exception as error:
            run = context.current_run()
            ledger = _runless if run is None else run._ledger
            ledger.bug(f"{hook.__module__}.{hook.__qualname__}", error)
            return None

    return call
