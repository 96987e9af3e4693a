"""Watching rubric trees: the real `openenv-core`, and the flavour before it."""
# mypy: disable-error-code="misc, no-any-return"

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from openenv.core.rubrics import (
    ExponentialDiscountingTrajectoryRubric,
    Gate,
    LLMJudge,
    Rubric,
    RubricDict,
    RubricList,
    Sequential,
    WeightedSum,
)

import gauntlet

from . import seed_rubrics as seed
from .support import Server


class Fixed(Rubric):
    """Returns a given score."""

    def __init__(self, score: Any = 1.0) -> None:
        super().__init__()
        self.score = score

    def forward(self, action: Any, observation: Any) -> Any:
        return self.score


class OfAction(Rubric):
    """Scores the number that the action is."""

    def forward(self, action: Any, observation: Any) -> float:
        time.sleep(0.0005)
        return float(action)


class AsyncOfAction(Rubric):
    async def forward(self, action: Any, observation: Any) -> float:
        await asyncio.sleep(0.001 * (float(action) % 3))
        return float(action)


class Broken(Rubric):
    def forward(self, action: Any, observation: Any) -> float:
        raise RuntimeError("the grader is down")


@pytest.fixture
def run(server: Server) -> gauntlet.Run:
    return gauntlet.init(project="watch", endpoint=server.url)


def snapshots(server: Server, run: gauntlet.Run) -> list[dict[str, Any]]:
    assert run.flush()
    assert run.stats["refused"] == 0
    return server.events(run.id, "snapshot.scored")


def bodies(server: Server, run: gauntlet.Run) -> list[dict[str, Any]]:
    return [e["body"] for e in snapshots(server, run)]


def test_one_call_is_one_snapshot(server: Server, run: gauntlet.Run) -> None:
    rubric = WeightedSum([Fixed(1.0), Gate(Fixed(0.4), threshold=0.5)], [0.75, 0.25])
    with gauntlet.watch(rubric, metadata={"task_id": "T1"}) as watch:
        assert rubric("do it", "what was seen") == 0.75
    (event,) = snapshots(server, run)
    body = event["body"]
    assert event["step"] == 1
    assert body["scores"] == {"root": 0.75, "rubric_0": 1.0, "rubric_1": 0.0, "rubric_1.rubric": 0.4}
    assert next(iter(body["scores"])) == "root"
    assert body["not_evaluated"] == []
    assert (body["action"], body["observation"], body["metadata"]) == (
        "do it", "what was seen", {"task_id": "T1"},
    )  # fmt: skip
    assert body["duration_ms"] >= 0
    assert (watch.calls, watch.incomplete, watch.errors) == (1, 0, 0)


def test_a_skipped_child_never_shows_a_stale_score(server: Server, run: gauntlet.Run) -> None:
    gate = Fixed(1.0)
    rubric = Sequential(gate, WeightedSum([Fixed(0.5)], [1.0]))
    with gauntlet.watch(rubric):
        rubric("a", "o")
        gate.score = 0.0
        rubric("b", "o")
    first, second = bodies(server, run)
    assert first["scores"] == {"root": 0.5, "rubric_0": 1.0, "rubric_1": 0.5, "rubric_1.rubric_0": 0.5}
    assert second["scores"] == {"root": 0.0, "rubric_0": 0.0}
    assert second["not_evaluated"] == ["rubric_1", "rubric_1.rubric_0"]


def test_the_tree_is_as_it_was_afterwards(server: Server, run: gauntlet.Run) -> None:
    seen: list[float] = []
    child = Fixed(0.5)
    rubric = Sequential(child)
    rubric.register_forward_hook(lambda r, a, o, score: seen.append(score))
    watch = gauntlet.watch(rubric)
    rubric("a", "o")
    watch.detach()
    watch.detach()
    rubric("b", "o")
    assert seen == [0.5, 0.5]
    assert (len(rubric._forward_hooks), rubric._forward_pre_hooks, child._forward_hooks) == (1, [], [])
    assert len(snapshots(server, run)) == 1


def test_a_shared_instance_appears_once_per_path(server: Server, run: gauntlet.Run) -> None:
    shared = Fixed(0.25)
    rubric = WeightedSum([shared, shared, Fixed(1.0)], [0.25, 0.25, 0.5])
    with gauntlet.watch(rubric):
        rubric("a", "o")
        rubric("b", "o")
    for body in bodies(server, run):
        assert body["scores"] == {"root": 0.625, "rubric_0": 0.25, "rubric_1": 0.25, "rubric_2": 1.0}


def test_lists_dicts_and_a_rubric_that_chooses(server: Server, run: gauntlet.Run) -> None:
    class Games(Rubric):
        def __init__(self) -> None:
            super().__init__()
            self.games = RubricDict({"pong": Fixed(1.0), "chess": Fixed(0.5)})
            self.more = RubricList([Fixed(0.1)])

        def forward(self, action: Any, observation: Any) -> float:
            return float(self.games[observation](action, observation))

    rubric = Games()
    with gauntlet.watch(rubric):
        rubric("a", "chess")
    (body,) = bodies(server, run)
    assert body["scores"] == {"root": 0.5, "games.chess": 0.5}
    assert body["not_evaluated"] == ["games.pong", "more.rubric_0"]


def test_a_child_that_gets_another_action_belongs_to_its_parent(server: Server, run: gauntlet.Run) -> None:
    class Splits(Rubric):
        def __init__(self) -> None:
            super().__init__()
            self.first = OfAction()
            self.second = Sequential(OfAction())

        def forward(self, action: Any, observation: Any) -> float:
            first, second = action.split()
            return float(self.first(first, observation)) + float(self.second(second, observation))

    rubric = Splits()
    with gauntlet.watch(rubric) as watch:
        rubric("1 2", "o")
        rubric("3 4", "o")
    assert [b["scores"] for b in bodies(server, run)] == [
        {"root": 3.0, "first": 1.0, "second": 2.0, "second.rubric_0": 2.0},
        {"root": 7.0, "first": 3.0, "second": 4.0, "second.rubric_0": 4.0},
    ]
    assert watch.incomplete == 0


def test_a_call_that_raises_is_incomplete_and_harms_no_other(server: Server, run: gauntlet.Run) -> None:
    rubric = WeightedSum([Fixed(0.5), Broken()], [0.5, 0.5])
    with gauntlet.watch(rubric) as watch:
        for i in range(3):
            with pytest.raises(RuntimeError, match="the grader is down"):
                rubric(f"a{i}", "o")
        rubric._rubric_list[1] = Fixed(1.0)
        rubric("good", "o")
    assert watch.incomplete == 3
    found = bodies(server, run)
    failed = [b for b in found if b["metadata"].get("incomplete")]
    assert [b["scores"] for b in failed] == [{"rubric_0": 0.5}] * 3
    assert sorted(b["action"] for b in failed) == ["a0", "a1", "a2"]
    (good,) = [b for b in found if not b["metadata"].get("incomplete")]
    assert good["scores"] == {"root": 0.75, "rubric_0": 0.5}
    assert good["not_evaluated"] == ["rubric_1"]


def test_failed_evaluations_in_tasks_are_bounded(
    server: Server, run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AsyncBroken(Rubric):
        async def forward(self, action: Any, observation: Any) -> float:
            raise RuntimeError("down")

    rubric = WeightedSum([Fixed(0.5), AsyncBroken()], [0.5, 0.5])

    async def many() -> None:
        for i in range(100):
            with pytest.raises(RuntimeError):
                await rubric(f"a{i}", f"o{i}")

    monkeypatch.setattr("gauntlet.observer._MAX_OPEN", 64)
    watch = gauntlet.watch(rubric)
    asyncio.run(many())
    assert watch.incomplete == 100 - 64
    watch.detach()
    assert watch.incomplete == 100
    found = bodies(server, run)
    assert [b["action"] for b in found] == [f"a{i}" for i in range(100)]
    assert all(b["scores"] == {"rubric_0": 0.5} and b["metadata"]["incomplete"] for b in found)


def test_an_evaluation_open_for_too_long_is_abandoned(
    server: Server, run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("gauntlet.frames.time", SimpleNamespace(perf_counter=lambda: now))
    rubric = AsyncOfAction()
    watch = gauntlet.watch(rubric)

    async def main() -> None:
        lost = asyncio.create_task(rubric("2000", "o"))
        await asyncio.sleep(0)
        lost.cancel()
        nonlocal now
        now = 1801.0
        await rubric("1", "o")

    asyncio.run(main())
    assert watch.incomplete == 1
    assert [b["action"] for b in bodies(server, run)] == ["2000", "1"]
    watch.detach()


def same(i: int) -> tuple[Any, Any]:
    """The very same objects for several evaluations."""
    return ("7", "seen")


def other(i: int) -> tuple[Any, Any]:
    return (str(i), f"seen {i}")


def tree(leaf: type[Rubric]) -> Rubric:
    return WeightedSum([leaf(), Sequential(Fixed(1.0), leaf())], [0.5, 0.5])


@pytest.mark.parametrize("of", [same, other])
def test_threads_never_mix(server: Server, run: gauntlet.Run, of: Any) -> None:
    rubric = tree(OfAction)
    with gauntlet.watch(rubric) as watch, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: rubric(*of(i)), range(400)))
    found = bodies(server, run)
    assert (len(found), watch.incomplete, watch.errors) == (400, 0, 0)
    for body in found:
        value = float(body["action"])
        assert body["scores"] == {
            "root": value, "rubric_0": value, "rubric_1": value, "rubric_1.rubric_0": 1.0,
            "rubric_1.rubric_1": value,
        }  # fmt: skip


@pytest.mark.parametrize("of", [same, other])
@pytest.mark.parametrize("leaf", [AsyncOfAction, OfAction])
def test_tasks_never_mix(server: Server, run: gauntlet.Run, of: Any, leaf: type[Rubric]) -> None:
    rubric = Sequential(Fixed(1.0), tree(leaf))

    async def evaluate(i: int) -> Any:
        result = rubric(*of(i))
        return await result if asyncio.iscoroutine(result) else result

    async def many() -> list[Any]:
        return await asyncio.gather(*(evaluate(i) for i in range(200)))

    with gauntlet.watch(rubric) as watch:
        if leaf is AsyncOfAction:
            scores = asyncio.run(many())
            assert scores == [float(of(i)[0]) for i in range(200)]
        else:
            # All of it sync, in a running loop: a nested Sequential answers with a coroutine there, which the
            # package's own WeightedSum awaits.
            scores = asyncio.run(many())
    found = bodies(server, run)
    assert (len(found), watch.incomplete, watch.errors) == (200, 0, 0)
    for body in found:
        value = float(body["action"])
        assert body["scores"] == {
            "root": value,
            "rubric_0": 1.0,
            "rubric_1": value,
            "rubric_1.rubric_0": value,
            "rubric_1.rubric_1": value,
            "rubric_1.rubric_1.rubric_0": 1.0,
            "rubric_1.rubric_1.rubric_1": value,
        }
        assert body["not_evaluated"] == []


@pytest.mark.parametrize("of", [same, other])
def test_an_all_sync_sequential_in_a_running_loop(server: Server, run: gauntlet.Run, of: Any) -> None:
    rubric = Sequential(Fixed(1.0), OfAction())

    async def many() -> None:
        waiting = [rubric(*of(i)) for i in range(1, 21)]
        assert all(asyncio.iscoroutine(w) for w in waiting)
        await asyncio.gather(*waiting)

    with gauntlet.watch(rubric) as watch:
        asyncio.run(many())
    found = bodies(server, run)
    assert (len(found), watch.incomplete) == (20, 0)
    for body in found:
        assert body["scores"] == {
            "root": float(body["action"]),
            "rubric_0": 1.0,
            "rubric_1": float(body["action"]),
        }


def test_children_on_worker_threads(server: Server, run: gauntlet.Run) -> None:
    class Pooled(Rubric):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = OfAction(), OfAction()
            self._pool = ThreadPoolExecutor(2)

        def forward(self, action: Any, observation: Any) -> float:
            waiting = [self._pool.submit(child, action, observation) for child in (self.left, self.right)]
            return float(sum(w.result() for w in waiting))

    rubric = Pooled()
    with gauntlet.watch(rubric) as watch:
        for i in range(20):
            rubric(str(i), f"o{i}")
    assert watch.incomplete == 0
    for i, body in enumerate(bodies(server, run)):
        assert body["scores"] == {"root": 2.0 * i, "left": float(i), "right": float(i)}


def test_a_judge_and_a_trajectory(server: Server, run: gauntlet.Run) -> None:
    class Client:
        async def complete(self, prompt: str) -> str:
            return "8/10"

    class Win(ExponentialDiscountingTrajectoryRubric):
        def score_trajectory(self, trajectory: Any) -> float:
            return 1.0

    class Step:
        def __init__(self, done: bool) -> None:
            self.done = done

    judge = LLMJudge("Rate {action}", Client())
    rubric = WeightedSum([judge, Win()], [0.5, 0.5])
    with gauntlet.watch(rubric):
        asyncio.run(_await(rubric("a", Step(False))))
        asyncio.run(_await(rubric("b", Step(True))))
    assert [b["scores"] for b in bodies(server, run)] == [
        {"root": 0.5, "rubric_0": 1.0, "rubric_1": 0.0},
        {"root": 1.0, "rubric_0": 1.0, "rubric_1": 1.0},
    ]


async def _await(value: Any) -> Any:
    return await value


def test_the_seed_flavour(server: Server, run: gauntlet.Run) -> None:
    class Value(seed.Rubric):
        def __init__(self, score: float) -> None:
            super().__init__()
            self.score = score

        def forward(self, action: Any, observation: Any) -> float:
            return self.score

    gate = Value(1.0)
    rubric = seed.Sequential(gate, seed.Sequential(Value(-0.5), Value(9.0)))
    with gauntlet.watch(rubric) as watch:
        rubric("a", "o")
        gate.score = -1.0
        rubric("b", "o")
    first, second = bodies(server, run)
    assert first["scores"] == {"root": -0.5, "step_0": 1.0, "step_1": -0.5, "step_1.step_0": -0.5}
    assert first["not_evaluated"] == ["step_1.step_1"]
    assert second["scores"] == {"root": -1.0, "step_0": -1.0}
    assert second["not_evaluated"] == ["step_1", "step_1.step_0", "step_1.step_1"]
    assert (watch.calls, watch.incomplete) == (2, 0)
    assert rubric._forward_hooks == []


def test_what_is_no_number_breaks_nothing(server: Server, run: gauntlet.Run) -> None:
    rubric = Fixed("high")
    with gauntlet.watch(rubric) as watch:
        assert rubric("a", "o") == "high"
        rubric.score = float("nan")
        rubric("b", "o")
    assert watch.errors == 0
    assert [b["scores"] for b in bodies(server, run)] == [{}, {}]


def test_hooks_never_raise(server: Server, run: gauntlet.Run) -> None:
    def no_step() -> int:
        raise RuntimeError("no step today")

    rubric = Sequential(Fixed(1.0))
    with gauntlet.watch(rubric, step=no_step) as watch:
        assert rubric("a", "o") == 1.0
    assert watch.errors == 1


def test_snapshots_belong_to_the_episode_they_were_made_in(server: Server, run: gauntlet.Run) -> None:
    rubric = Fixed(1.0)
    with gauntlet.watch(rubric, step=lambda: 5):
        with run.episode("T", id="e1"):
            rubric("a", "o")
        rubric("b", "o")
        rubric("c", "o")
    found = snapshots(server, run)
    assert [e["step"] for e in found] == [5, 5, 5]
    assert [e["episode"] for e in found] == ["e1", f"{run.journal.writer}-5-0", f"{run.journal.writer}-5-1"]


def test_two_watches_of_one_tree(server: Server, run: gauntlet.Run) -> None:
    rubric = Sequential(Fixed(0.5), Fixed(0.25))
    with gauntlet.watch(rubric, metadata={"w": 1}, step=lambda: 1), gauntlet.watch(rubric, metadata={"w": 2}):
        rubric("a", "o")
    assert sorted(b["metadata"]["w"] for b in bodies(server, run)) == [1, 2]
    assert all(b["scores"] == {"root": 0.25, "rubric_0": 0.5, "rubric_1": 0.25} for b in bodies(server, run))
