"""Lets the SIGTERM handler of a worker process run while its main thread waits in C code.

Python runs signal handlers in the main thread, between two steps of Python code. A signal that arrives just
before the main thread begins to wait in C, as for the semaphore of a pool's queue, is only flagged: the wait
has begun before the handler could run, and nothing ends it. ``multiprocessing.Pool`` sends SIGTERM once and
then waits for its workers, so such a worker would never end. It happens under load, where another thread of
the worker holds the interpreter.

The interpreter notifies a thread of every signal at once (``signal.set_wakeup_fd``), and the thread
interrupts the main thread's wait with a second, harmless signal until the handler has begun.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

__all__ = ["forget", "handled", "watch"]

#: Between two interruptions, seconds, and their number: a handler that has not begun by then is not this
#: package's.
_PAUSE_SECONDS = 0.05
_ATTEMPTS = 100

_pipe: tuple[int, int] | None = None
_handled = threading.Event()


def watch() -> None:
    """Starts the thread for this process; called from its main thread. Does nothing where the program uses
    the wakeup fd itself, or where the platform has no unused signal."""
    global _pipe
    interruption = getattr(signal, "SIGRTMAX", None)
    if _pipe is not None or interruption is None or signal.getsignal(interruption) is not signal.SIG_DFL:
        return
    if threading.current_thread() is not threading.main_thread():
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if previous != -1:
        signal.set_wakeup_fd(previous)
        os.close(reading)
        os.close(writing)
        return
    _pipe = (reading, writing)
    signal.signal(interruption, _interrupted)
    main = threading.get_ident()
    threading.Thread(target=_interrupt, args=(reading, main, interruption), daemon=True).start()


def handled() -> None:
    """The SIGTERM handler has begun."""
    _handled.set()


def forget() -> None:
    """In a forked child, whose signals must not be taken for those of its parent."""
    global _pipe, _handled
    _handled = threading.Event()
    if _pipe is not None:
        current = signal.set_wakeup_fd(-1)
        if current != _pipe[1]:
            # The program set another one since; it stays.
            signal.set_wakeup_fd(current, warn_on_full_buffer=False)
        for end in _pipe:
            os.close(end)
        _pipe = None
        signal.signal(signal.SIGRTMAX, signal.SIG_DFL)


def _interrupted(number: int, frame: FrameType | None) -> None:
    """Does nothing: the main thread runs every handler that is due before it waits again."""


def _interrupt(reading: int, main: int, interruption: signal.Signals) -> None:
    while signal.SIGTERM not in os.read(reading, 64):
        pass
    for _ in range(_ATTEMPTS):
        if _handled.is_set():
            return
        signal.pthread_kill(main, interruption)
        time.sleep(_PAUSE_SECONDS)
