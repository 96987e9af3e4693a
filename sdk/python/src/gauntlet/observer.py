"""``gauntlet.watch``: every call of a rubric tree becomes one snapshot, without changing the tree.

Works on trees of ``openenv-core`` and on any tree with the same hooks: ``named_rubrics()``,
``register_forward_hook(hook)`` and, if there is one, ``register_forward_pre_hook(hook)``.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Any

from . import context
from .control import apply_tweak, coerced
from .events import ChallengeAnswered
from .frames import Frame, Frames
from .ledger import Ledger
from .paths import path_of
from .run import Run, current_run
from .values import label, number, object_of

__all__ = ["Watch", "watch"]

ChallengeOf = Callable[[dict[str, float], Any, Any], Mapping[str, Any]]

#: Open evaluations beyond this are taken for failed, the oldest first. Far above what a loop has in flight:
#: to give up one that still runs would split it.
_MAX_OPEN = 16_384
#: An evaluation open for so long has failed, seconds.
_LONGEST_SECONDS = 1800.0
_ledger = Ledger()


def watch(
    rubric: Any,
    *,
    run: Run | None = None,
    metadata: Mapping[str, Any] | None = None,
    step: Callable[[], int] | None = None,
    pause_on: Collection[int] = (),
    pause_timeout: float = 300.0,
    challenge: ChallengeOf | None = None,
    tweak: Callable[[dict[str, Any]], Any] | dict[str, Any] | None = None,
) -> Watch:
    """Watches a rubric tree until :meth:`Watch.detach`.

    Each call of ``rubric`` becomes one snapshot: the scores of the paths evaluated in that call, the total as
    ``root``, the paths that were skipped, the action, the observation, how long it took. Calls are numbered
    from 1, or by ``step()``. A call that raises is recorded as incomplete. Children added to the tree later
    are not seen.

    ``pause_on`` names calls, counted from 0, at which the run waits for a person, ``pause_timeout`` seconds
    at most; ``challenge(scores, action, observation)`` makes the question. Tweaks change the tree's own
    attributes, by their path (``"grounding.weight"``), unless ``tweak`` takes them. The wait holds the
    calling thread; only a root with an ``async def forward`` lets other tasks run.
    """
    return Watch(rubric, run, metadata, step, frozenset(pause_on), pause_timeout, challenge, tweak)


class Watch:
    """A watched tree. ``calls``, ``incomplete`` and ``errors`` count."""

    def __init__(
        self,
        rubric: Any,
        run: Run | None,
        metadata: Mapping[str, Any] | None,
        step: Callable[[], int] | None,
        pause_on: frozenset[int],
        pause_timeout: float,
        challenge: ChallengeOf | None,
        tweak: Any,
    ) -> None:
        self.calls = 0
        self.incomplete = 0
        self.errors = 0
        self._run = run
        self._metadata = object_of(metadata)
        self._step = step
        self._pause_on = pause_on
        self._pause_timeout = pause_timeout
        self._challenge = challenge or guard
        self._nodes: list[Any] = []
        self._paths: list[list[str]] = []
        self._tree(rubric)
        self._tweak = tweak if tweak is not None else self._change
        self._frames = Frames([len(paths) for paths in self._paths], _MAX_OPEN, _LONGEST_SECONDS)
        self._remove: list[Callable[[], None]] = []
        self._attach()

    def _tree(self, rubric: Any) -> None:
        """Every instance once, with all its paths, the root first."""
        index = {id(rubric): 0}
        self._nodes.append(rubric)
        self._paths.append(["root"])
        for name, node in rubric.named_rubrics():
            path = path_of(name)
            if not path or node is rubric:
                continue
            at = index.setdefault(id(node), len(self._nodes))
            if at == len(self._nodes):
                self._nodes.append(node)
                self._paths.append([])
            self._paths[at].append(path)
        #: Lists and dictionaries of rubrics are never called themselves.
        self._holders = {
            i
            for i, node in enumerate(self._nodes)
            if i and any(c.__name__ in {"RubricList", "RubricDict"} for c in type(node).__mro__)
        }

    def detach(self) -> None:
        """Ends it: the hooks are removed, evaluations that never ended are recorded as incomplete."""
        for remove in self._remove:
            try:
                remove()
            except Exception as error:
                self._bug("detaching", error)
        self._remove.clear()
        self.abandon()

    def abandon(self) -> None:
        """Records evaluations that have not ended as incomplete, now: what called them has failed."""
        for frame in self._frames.all():
            self._guarded(lambda frame=frame: self._abandon(frame))  # type: ignore[misc]

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()

    # Hooks: they collect scores and never raise

    def _attach(self) -> None:
        for i, node in enumerate(self._nodes):
            if hasattr(node, "register_forward_pre_hook"):
                self._hook(node, "register_forward_pre_hook", self._pre(i))
            self._hook(node, "register_forward_hook", self._post(i) if i else self._post_root())

    def _hook(self, node: Any, register: str, hook: Callable[..., Any]) -> None:
        handle = getattr(node, register)(hook)
        if hasattr(handle, "remove"):
            self._remove.append(handle.remove)
            return

        def remove() -> None:
            for value in vars(node).values():
                if isinstance(value, list):
                    value[:] = [item for item in value if item is not hook]

        self._remove.append(remove)

    def _pre(self, i: int) -> Callable[..., None]:
        def pre(rubric: Any, action: Any, observation: Any, *_: Any) -> None:
            try:
                for frame in self._frames.started(i, action, observation):
                    self._abandon(frame)
            except Exception as error:
                self._bug("a rubric's pre-hook", error)

        return pre

    def _post(self, i: int) -> Callable[..., None]:
        def post(rubric: Any, action: Any, observation: Any, score: Any, *_: Any) -> None:
            try:
                for frame in self._frames.scored(i, action, observation, number(score)):
                    self._abandon(frame)
            except Exception as error:
                self._bug("a rubric's hook", error)

        return post

    def _post_root(self) -> Callable[..., Any]:
        def post(rubric: Any, action: Any, observation: Any, score: Any, *_: Any) -> None:
            pause = self._guarded(lambda: self._end(action, observation, score))
            if pause is not None:
                run, checkpoint, settle = pause
                while checkpoint.apply(run.commands(0)):
                    run.commands(checkpoint.wait_seconds())
                settle()

        async def apost(rubric: Any, action: Any, observation: Any, score: Any, *_: Any) -> None:
            import asyncio

            pause = self._guarded(lambda: self._end(action, observation, score))
            if pause is not None:
                run, checkpoint, settle = pause
                while checkpoint.apply(run.commands(0)):
                    await asyncio.sleep(min(0.05, checkpoint.wait_seconds()))
                settle()

        awaited = self._pause_on and inspect.iscoroutinefunction(getattr(self._nodes[0], "forward", None))
        return apost if awaited else post

    def _guarded(self, what: Callable[[], Any]) -> Any:
        try:
            return what()
        except Exception as error:
            self._bug("watching a rubric", error)
            return None

    def _bug(self, where: str, error: BaseException) -> None:
        self.errors += 1
        run = self._run or current_run()
        (run.journal.ledger if run is not None else _ledger).bug(where, error)

    # What an evaluation becomes

    def _end(self, action: Any, observation: Any, score: Any) -> Any:
        frame, failed = self._frames.ended(0, action, observation, number(score))
        for other in failed:
            self._abandon(other)
        index = self.calls
        paused = index in self._pause_on
        return self._emit(frame, (time.perf_counter() - frame.began) * 1000.0, paused)

    def _abandon(self, frame: Frame) -> None:
        self.incomplete += 1
        self._emit(frame, None, False)

    def _emit(self, frame: Frame, duration_ms: float | None, paused: bool) -> Any:
        action, observation = frame.action, frame.observation
        frame.close()
        self.calls += 1
        run = self._run or current_run()
        if run is None:
            _ledger.warn("watch", "a watched rubric was called without a run; it is not recorded")
            return None
        scores, skipped = self._scores(frame)
        step = self._step() if self._step is not None else self.calls
        episode = context.episode_id(run.journal)
        challenge = dict(self._challenge(scores, action, observation)) if paused else None
        run.rollout(
            scores,
            action=action,
            observation=observation,
            step=step,
            episode=episode,
            not_evaluated=skipped,
            duration_ms=duration_ms,
            metadata=self._metadata if duration_ms is not None else {**self._metadata, "incomplete": True},
            is_paused=paused,
            challenge=challenge,
        )
        if not paused or challenge is None or run.journal.off:
            return None
        checkpoint = run.pause(f"waits at step {step}", self._tweak, self._pause_timeout)

        def settle() -> None:
            if checkpoint.answer is not None:
                answer, author = checkpoint.answer
                expected = challenge.get("expected_answer")
                answered = ChallengeAnswered(
                    label(answer, "?"), author, answer == expected if expected else None
                )
                run.emit(answered, step=step, episode=episode)

        return run, checkpoint, settle

    def _scores(self, frame: Frame) -> tuple[dict[str, float], list[str]]:
        """Scores by path in the tree's order, and the paths that this call skipped. The n-th path of a shared
        instance shows its n-th call, or its last one."""
        scores: dict[str, float] = {}
        skipped: list[str] = []
        for i, paths in enumerate(self._paths):
            found = frame.scores.get(i)
            if not found:
                if i and i not in self._holders:
                    skipped += paths
                continue
            for n, path in enumerate(paths):
                score = found[min(n, len(found) - 1)]
                if score is not None:
                    scores[path] = score
        return scores, skipped

    # Tweaks of the tree

    def _change(self, parameters: dict[str, Any]) -> str:
        """Sets attributes of the tree's rubrics, all or none, each keeping its type."""
        changes = []
        for name, value in parameters.items():
            path, _, attribute = name.rpartition(".")
            i = next((i for i, paths in enumerate(self._paths) if (path or "root") in paths), None)
            node = self._nodes[i] if i is not None else None
            now = getattr(node, attribute, None) if attribute and not attribute.startswith("_") else None
            if node is None or attribute == "last_score" or not isinstance(now, (bool, int, float, str)):
                raise ValueError(f"the rubric has no parameter {name!r}")
            changes.append((node, attribute, coerced({attribute: now}, attribute, value)))
        for node, attribute, value in changes:
            setattr(node, attribute, value)
        return apply_tweak(dict(parameters), parameters)


def guard(scores: dict[str, float], action: Any, observation: Any) -> dict[str, Any]:
    """The question where none is made: by the most severe score below 0."""
    if scores.get("grounding", 0.0) < 0:
        return {
            "type": "HALLUCINATION_GUARD",
            "question": "Is what the answer claims in the context?",
            "options": ["Exists in context", "Missing from context"],
        }
    if scores.get("inconsistency", 0.0) < 0:
        return {
            "type": "INCONSISTENCY_GUARD",
            "question": "Does the answer follow from its own reasoning?",
            "options": ["Consistent", "Inconsistent"],
        }
    return {"type": "GENERAL_REVIEW", "question": "Is this step right?", "options": ["Approve", "Reject"]}
