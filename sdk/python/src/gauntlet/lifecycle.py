"""What happens to runs when the interpreter ends, fails or forks."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import Run

__all__ = ["forget", "interactive", "register"]

_runs: list[Run] = []
_installed = False
_lock = threading.RLock()
_error: BaseException | None = None


def interactive() -> bool:
    """Whether a person types: a prompt, a notebook. There an exception ends nothing."""
    return hasattr(sys, "ps1")


def register(run: Run) -> None:
    """From now on the run is finished when the interpreter ends, and goes on in forked children."""
    global _installed
    with _lock:
        _runs.append(run)
        if _installed:
            return
        _installed = True
    atexit.register(_end)
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _end_with_worker()
    previous = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _error
        if not interactive():
            _error = error
        previous(kind, error, trace)

    sys.excepthook = remember
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def forget(run: Run) -> None:
    """The run ended by itself."""
    with _lock:
        if run in _runs:
            _runs.remove(run)


def _end() -> None:
    # A worker's finalizers run while the exception that ends it is on its way.
    error = _error or sys.exc_info()[1]
    for run in list(_runs):
        run.__exit__(None, error, None)


def _before_fork() -> None:
    _lock.acquire()
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None and not getattr(_before_fork, "told", False):
        setattr(_before_fork, "told", True)  # noqa: B010 - a function's attribute
        util.register_after_fork(_holder, lambda _: _end_with_worker())


def _end_with_worker() -> None:
    """Worker processes of multiprocessing end without atexit; they run finalizers instead."""
    sys.modules["multiprocessing.util"].Finalize(None, _end, exitpriority=100)


def _after_fork() -> None:
    _lock.release()


def _in_child() -> None:
    global _lock
    _lock = threading.RLock()
    for run in list(_runs):
        run._forked()


class _Holder:
    """Something multiprocessing can hold a weak reference to."""


_holder = _Holder()
