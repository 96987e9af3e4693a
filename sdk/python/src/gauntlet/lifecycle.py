"""What happens to runs when the interpreter ends, fails, is terminated or forks."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Hooks", "exit_code", "finishing", "forget", "interactive", "register"]

#: Longest wait for the server when the process is terminated, seconds: a SIGKILL often follows soon.
_TERMINATED_SECONDS = 5.0


@dataclass(slots=True, eq=False)
class Hooks:
    """The callbacks of a run for the end of the process and for forks."""

    #: Ends the run; with the exception that ends the program, if one does.
    exit: Callable[[BaseException | None], None]
    #: Ends the run as its process is terminated, within so many seconds. The summary names the signal.
    terminate: Callable[[dict[str, Any], float], None]
    #: Makes the run usable in a forked child.
    fork: Callable[[], None]


_runs: list[Hooks] = []
_installed = False
_lock = threading.RLock()
#: The exception that ends the program, and its exit code; ``None`` while it runs.
_error: BaseException | None = None
_code: object = None
_last_exit: weakref.ref[_Exit] | None = None
#: Threads that are ending a run, and the signal that came meanwhile.
_finishing: list[int] = []
_termination: int | None = None
#: The module ``wakeup``, in worker processes.
_wakeup: Any = None
#: Whether multiprocessing calls this module in its workers.
_following = False
#: Signals that the forking thread had blocked before.
_mask: set[Any] = set()


def interactive() -> bool:
    """Whether the interpreter is interactive: a prompt or a notebook, where an exception does not end it."""
    return hasattr(sys, "ps1")


def exit_code(error: BaseException) -> int | None:
    """The exit code of a program that ends by this exception; ``None`` for one that may be caught yet."""
    if isinstance(error, SystemExit):
        code = error.code
        if code is None:
            return 0
        return int(code) if isinstance(code, int) else 1
    if error is _error:
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return None


def register(run: Hooks) -> None:
    """Registers a run: it is finished when the interpreter ends, and continued in forked children."""
    global _installed
    with _lock:
        _runs.append(run)
        _handle_termination()
        if _installed:
            return
        _installed = True
    atexit.register(_end)
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        _end_with_worker()
    _follow_workers()
    previous = sys.excepthook

    def remember(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _error
        if not interactive():
            _error = error
        previous(kind, error, trace)

    sys.excepthook = remember
    sys.exit = _exit
    _follow_quitters()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def forget(run: Hooks) -> None:
    """Removes a run that has ended."""
    with _lock:
        if run in _runs:
            _runs.remove(run)


def _end() -> None:
    # A worker's finalizers run while the exception that ends it is on its way.
    error = _error or sys.exc_info()[1]
    if error is None:
        # An exception that is still referenced was not caught and dropped: it ends the program.
        last_exit = _last_exit() if _last_exit is not None else None
        code = last_exit.code if last_exit is not None else _code
        error = SystemExit(code) if code is not None else None
    for run in _runs.copy():
        run.exit(error)


# sys.exit


class _Exit(SystemExit):
    """The exception of ``sys.exit``. Detects whether it ended the program, which cannot be found out in any
    other way afterwards."""

    def __del__(self) -> None:
        global _code
        # Freed by the interpreter itself, as no Python code of the main thread is left that could have caught
        # it.
        caller = sys._getframe().f_back  # noqa: SLF001
        if caller is None and threading.get_ident() == threading.main_thread().ident:
            _code = self.code

    def __reduce__(self) -> Any:
        return SystemExit, self.args


_Exit.__name__ = _Exit.__qualname__ = "SystemExit"
_Exit.__module__ = builtins.__name__


def _exit(status: Any = None, /) -> Any:
    """Exit the interpreter by raising SystemExit(status)."""
    global _last_exit
    error = _Exit() if status is None else _Exit(status)
    _last_exit = weakref.ref(error)
    try:
        raise error
    finally:
        del error  # Or the exception would refer to itself, by way of this frame.


def _follow_quitters() -> None:
    """``exit`` and ``quit`` of :mod:`site` end the program as ``sys.exit`` does."""

    def leave(self: Any, code: Any = None) -> Any:
        with contextlib.suppress(Exception):
            sys.stdin.close()  # As they do: a shell with threads of its own ends by it.
        return _exit(code)

    for name in ("exit", "quit"):
        kind: Any = type(getattr(builtins, name, None))
        if kind.__name__ == "Quitter":
            kind.__call__ = leave


# SIGTERM


def _handle_termination() -> None:
    """Ends runs where the process is terminated. A handler of the program, made before or after, stays in
    place."""
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, frame: FrameType | None) -> None:
    global _termination
    if _wakeup is not None:
        _wakeup.handled()
    if _finishing and threading.get_ident() in _finishing:
        # This very thread is finishing a run: it completes that first, and is terminated afterwards.
        _termination = number
        watch = threading.Timer(_TERMINATED_SECONDS, _die, args=(number,))
        watch.daemon = True
        watch.start()
        return
    # On another thread: the interrupted code of this one may hold a lock.
    ending = threading.Thread(target=_end_terminated, args=(number,), daemon=True)
    try:
        ending.start()
        ending.join(_TERMINATED_SECONDS)
    finally:
        _die(number)


@contextmanager
def finishing() -> Iterator[None]:
    """While this thread finishes a run: a termination waits for it, for a limited time."""
    me = threading.get_ident()
    _finishing.append(me)
    try:
        yield
    finally:
        _finishing.remove(me)
        if _termination is not None and me not in _finishing:
            _die(_termination)


def _die(number: int) -> None:
    """Ends the process as the signal would without a handler."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    else:
        os._exit(128 + number)


def _end_terminated(number: int) -> None:
    summary = {"signal": signal.Signals(number).name, "exit_code": 128 + number}
    for run in _runs.copy():
        run.terminate(summary, _TERMINATED_SECONDS)


# Forks


def _before_fork() -> None:
    global _mask
    _lock.acquire()
    # A signal that reaches a child before its handlers are installed would be lost: it is blocked until then.
    _mask = _block({signal.SIGTERM})
    _follow_workers()


def _follow_workers() -> None:
    """Has workers of multiprocessing end their runs: those forked from here, and this one, where its run came
    with its arguments and so before it began."""
    global _following
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None and not _following:
        _following = True
        util.register_after_fork(_holder, lambda _: _end_with_worker())


def _block(signals: set[signal.Signals]) -> set[Any]:
    """Blocks signals for this thread; returns those that were blocked before."""
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, signals))


def _unblock() -> None:
    if signal.SIGTERM not in _mask:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_with_worker() -> None:
    """Worker processes of multiprocessing end without atexit; they run finalizers instead. A pool ends its
    workers by SIGTERM, once."""
    global _wakeup
    sys.modules["multiprocessing.util"].Finalize(None, _end, exitpriority=100)
    # Only workers import it, so that the package loads quickly.
    from . import wakeup

    _wakeup = wakeup
    wakeup.watch()


def _after_fork() -> None:
    _unblock()
    _lock.release()


def _in_child() -> None:
    global _lock
    _lock = threading.RLock()
    _finishing.clear()
    if _wakeup is not None:
        _wakeup.forget()
    for run in _runs.copy():
        run.fork()
    _unblock()


class _Holder:
    """An object that multiprocessing can hold a weak reference to."""


_holder = _Holder()
