"""Which hook belongs to which evaluation: one frame for each root call of a watched rubric tree.

Hooks do not nest: containers fire their own pre-hook after their children, and in async code a root may run
long after its first child, in another task. What an evaluation's hooks do share is its action and
observation, so a frame is keyed by the identity of both and holds them, so that no identity is given to
something else meanwhile. It is opened by whichever node's hook comes first and closed by the root's
post-hook.

The same two objects may be evaluated by several threads or tasks at once. A frame therefore belongs to the
thread that opened it, and is found again through a context variable, which tasks inherit; a node that already
has all its scores in a frame belongs, inside an event loop, to another evaluation of the same two objects.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

__all__ = ["Frame", "Frames"]

#: The frame of each watch that this thread or task is in.
_here: ContextVar[dict[int, Frame] | None] = ContextVar("gauntlet_frames", default=None)


class Frame:
    """One evaluation: what was scored in it so far, by node."""

    __slots__ = (
        "action",
        "began",
        "in_loop",
        "number",
        "observation",
        "open",
        "scores",
        "starts",
        "thread",
    )

    def __init__(self, number: int, action: Any, observation: Any, in_loop: bool) -> None:
        self.number = number
        self.action = action
        self.observation = observation
        self.began = time.perf_counter()
        self.thread = threading.get_ident()
        self.in_loop = in_loop
        self.open = True
        self.starts: dict[int, int] = {}
        #: Scores of each node, one for each time it was called; ``None`` where it gave no number.
        self.scores: dict[int, list[float | None]] = {}

    def close(self) -> None:
        """Releases the action and the observation."""
        self.open = False
        self.action = self.observation = None


class Frames:
    """The open frames of one watch. ``places`` has for each node how many paths it has in the tree."""

    def __init__(self, places: list[int], most_open: int, longest_seconds: float) -> None:
        self._places = places
        self._most_open = most_open
        self._longest = longest_seconds
        self._lock = threading.RLock()
        self._by_key: dict[tuple[int, int], list[Frame]] = {}
        self._open: OrderedDict[int, Frame] = OrderedDict()
        self._number = 0
        self._root_threads: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def started(self, node: int, action: Any, observation: Any) -> list[Frame]:
        """A node's pre-hook. Returns frames that were dropped to make room: evaluations that never ended."""
        with self._lock:
            frame = self._find(node, action, observation, starting=True)
            frame.starts[node] = frame.starts.get(node, 0) + 1
            return self._too_many()

    def scored(self, node: int, action: Any, observation: Any, score: float | None) -> list[Frame]:
        """A node's post-hook, but not the root's. Returns as :meth:`started`."""
        with self._lock:
            frame = self._find(node, action, observation, starting=False)
            frame.scores.setdefault(node, []).append(score)
            return self._too_many()

    def ended(
        self, root: int, action: Any, observation: Any, score: float | None
    ) -> tuple[Frame, list[Frame]]:
        """The root's post-hook: the finished frame, and evaluations that are known to have failed before
        it."""
        with self._lock:
            frame = self._find(root, action, observation, starting=False)
            frame.scores.setdefault(root, []).append(score)
            self._take_in_threads(frame)
            self._remove(frame)
            self._root_threads.add(frame.thread)
            failed = [] if frame.in_loop or _in_loop() else self._settle_thread(frame)
            return frame, failed

    def all(self) -> list[Frame]:
        """Closes every open frame and returns them."""
        with self._lock:
            left = list(self._open.values())
            for frame in left:
                self._remove(frame)
            return left

    def _find(self, node: int, action: Any, observation: Any, starting: bool) -> Frame:
        here = (_here.get() or {}).get(id(self))
        in_loop = _in_loop()
        mine = here is not None and here.action is action and here.observation is observation and here.open
        # Outside an event loop a thread evaluates one thing at a time: the node is simply called again.
        if here is not None and mine and not (in_loop and self._full(here, node, starting)):
            return here
        thread = threading.get_ident()
        for frame in self._by_key.get((id(action), id(observation)), ()):
            if frame.thread == thread and not self._full(frame, node, starting):
                return frame
        self._number += 1
        frame = Frame(self._number, action, observation, in_loop)
        self._by_key.setdefault((id(action), id(observation)), []).append(frame)
        self._open[frame.number] = frame
        _here.set({**(_here.get() or {}), id(self): frame})
        return frame

    def _full(self, frame: Frame, node: int, starting: bool) -> bool:
        times = frame.starts.get(node, 0) if starting else len(frame.scores.get(node, ()))
        return times >= self._places[node]

    def _take_in_threads(self, frame: Frame) -> None:
        """Children that a rubric evaluated on worker threads: same objects, no node in common, and a thread
        that has never evaluated a root."""
        for other in list(self._by_key.get((id(frame.action), id(frame.observation)), ())):
            if other is frame or other.thread == frame.thread or other.thread in self._root_threads:
                continue
            if frame.scores.keys().isdisjoint(other.scores):
                frame.scores.update(other.scores)
                frame.began = min(frame.began, other.began)
                self._remove(other)

    def _settle_thread(self, frame: Frame) -> list[Frame]:
        """Without an event loop evaluations nest strictly in their thread. A frame opened after this one's
        was a child that got another action or observation than its parent; one opened before it has
        failed."""
        failed = []
        for other in [f for f in self._open.values() if f.thread == frame.thread and not f.in_loop]:
            if other.number > frame.number:
                for node, scores in other.scores.items():
                    frame.scores.setdefault(node, scores)
            else:
                failed.append(other)
            self._remove(other, keep=other in failed)
        return failed

    def _too_many(self) -> list[Frame]:
        """Evaluations that never ended: beyond the bound, or open for too long."""
        evicted = []
        while self._open:
            oldest = next(iter(self._open.values()))
            if len(self._open) <= self._most_open and time.perf_counter() - oldest.began <= self._longest:
                break
            self._remove(oldest)
            evicted.append(oldest)
        return evicted

    def _remove(self, frame: Frame, keep: bool = True) -> None:
        key = (id(frame.action), id(frame.observation))
        same = self._by_key.get(key, [])
        if frame in same:
            same.remove(frame)
        if not same:
            self._by_key.pop(key, None)
        self._open.pop(frame.number, None)
        frame.open = False
        if not keep:
            frame.close()


def _in_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001
