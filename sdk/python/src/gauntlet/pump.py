"""A bounded queue with a background thread, to which the training loop hands its work.

`put` costs a lock and an append. The thread starts with the first item, sleeps while there is none, and
handles all waiting items at once, so that it interrupts a busy loop a few times a second, not for each event.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .ledger import Ledger

__all__ = ["Pump"]

T = TypeVar("T")

#: How long items gather before they are handled, seconds.
LINGER_SECONDS = 0.02
#: Most items handled in one go.
_AT_ONCE = 512


class Pump(Generic[T]):
    """``handle`` gets the items in order, in lists, on the pump's own thread."""

    def __init__(
        self,
        name: str,
        handle: Callable[[list[T]], None],
        ledger: Ledger,
        most_items: int,
        most_bytes: int,
    ) -> None:
        self._name = name
        self._handle = handle
        self._ledger = ledger
        self._most_items = most_items
        self._most_bytes = most_bytes
        self.reset()

    def reset(self) -> None:
        """Resets it in a forked child, where the thread does not exist and the items belong to the parent."""
        self._lock = threading.RLock()
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._put = 0
        self._done = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._progress = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, item: T, size: int = 0) -> bool:
        """Queues an item of about ``size`` bytes. ``False`` where the queue is full and the item was left
        out."""
        with self._lock:
            if len(self._items) >= self._most_items or self._bytes > self._most_bytes:
                return False
            self._items.append((item, size))
            self._bytes += size
            self._put += 1
            if not self._wake.is_set():
                self._start()
                self._wake.set()
        return True

    def barrier(self, timeout: float) -> bool:
        """Waits until everything that was put before is handled."""
        with self._lock:
            target = self._put
            if self._done >= target:
                return True
            self._start()
        if self._thread is None:
            self._take()
            return self._done >= target
        self._hurry.set()
        self._wake.set()
        with self._progress:
            return self._progress.wait_for(lambda: self._done >= target, timeout)

    def close(self, timeout: float) -> bool:
        """Handles what is left and ends the thread."""
        finished = self.barrier(timeout)
        self._closed = True
        self._hurry.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(min(timeout, 1.0))
        return finished

    def __len__(self) -> int:
        return len(self._items)

    def _start(self) -> None:
        if self._thread is not None or self._closed:
            return
        thread = threading.Thread(target=self._run, name=f"gauntlet-{self._name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # The interpreter is ending: `barrier` handles the rest on the caller's thread.
        self._thread = thread

    def _run(self) -> None:
        me = threading.current_thread()
        while self._thread is None or self._thread is me:
            self._wake.wait()
            if not self._hurry.is_set():
                self._hurry.wait(LINGER_SECONDS)
            self._hurry.clear()
            self._take()
            if self._closed and not self._items:
                return

    def _take(self) -> None:
        """Handles the items that wait now."""
        while True:
            with self._lock:
                if not self._items:
                    self._wake.clear()
                    return
                n = min(len(self._items), _AT_ONCE)
                taken = [self._items.popleft() for _ in range(n)]
                self._bytes -= sum(size for _, size in taken)
            try:
                self._handle([item for item, _ in taken])
            except Exception as error:
                self._ledger.count("dropped", n)
                self._ledger.lose(f"the {self._name} thread failed", n)
                self._ledger.bug(f"the {self._name} thread", error)
            with self._progress:
                self._done += n
                self._progress.notify_all()
            # Yields to the training loop between two lists of items.
            time.sleep(0)
