"""Reward functions of verl, watched. What verl itself does with them is in test_verl_package.py."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from examples import verl_reward

import gauntlet
from gauntlet.integrations.verl import GauntletLogger, watch_score

from .conftest import ApiServer

SDK = Path(__file__).parents[2]


def test_every_scored_answer_is_a_rollout(server: ApiServer) -> None:
    run = verl_reward.main(steps=2)

    rollouts = server.events(run, "snapshot.scored")
    assert [r["step"] for r in rollouts] == [0] * 4 + [1] * 4
    assert len({(r["step"], r["episode"]) for r in rollouts}) == 8
    bodies = [r["body"] for r in rollouts]
    assert [b["scores"]["root"] for b in bodies] == [1.0, 0.1, 0.0, 1.0] * 2
    assert bodies[2]["scores"] == {"root": 0.0, "format": 0.0, "correct": 0.0}
    assert (bodies[1]["action"], bodies[1]["observation"]) == ("#### 5", "What is 2 + 2?")
    metadata = bodies[1]["metadata"]
    assert (metadata["data_source"], metadata["ground_truth"], metadata["pred"], metadata["index"]) == (
        "sums",
        "4",
        "5",
        1,
    )


def test_the_function_keeps_its_signature_its_kind_and_its_results(run: gauntlet.Run) -> None:
    async def judged(data_source: str, solution_str: str, ground_truth: str, **more: Any) -> float:
        await asyncio.sleep(0)
        return float(len(solution_str) + len(more))

    watched = watch_score(judged)
    assert asyncio.iscoroutinefunction(watched)
    assert watched.__name__ == "judged"
    assert asyncio.run(watched("a", "four", ground_truth="4", router="x")) == 5.0
    assert verl_reward.compute_score.__name__ == "compute_score"


def test_a_batch_is_as_many_rollouts(server: ApiServer, run: gauntlet.Run) -> None:
    @watch_score(rollouts_per_step=2)
    def compute_score(
        data_sources: Any, solution_strs: Any, ground_truths: Any, extra_infos: Any
    ) -> list[float]:
        return [float(s == g) for s, g in zip(solution_strs, ground_truths, strict=True)]

    assert compute_score(["s", "s"], ["1", "2"], ["1", "1"], [{"prompt": "one?"}, None]) == [1.0, 0.0]
    run.finish()
    bodies = [e["body"] for e in server.events(run.id, "snapshot.scored")]
    assert [(b["scores"], b["action"], b["observation"]) for b in bodies] == [
        ({"root": 1.0}, "1", "one?"), ({"root": 0.0}, "2", ""),
    ]  # fmt: skip


def test_a_score_that_is_no_number_is_not_evaluated(server: ApiServer, run: gauntlet.Run) -> None:
    @watch_score
    def compute_score(data_source: str, solution_str: str, ground_truth: str) -> Any:
        return {"score": None, "why": "the sandbox is down"}

    compute_score("s", "1", "1")
    run.finish()
    [event] = server.events(run.id, "snapshot.scored")
    assert event["body"]["not_evaluated"] == ["root"]
    assert event["body"]["metadata"]["why"] == "the sandbox is down"


def test_answers_whose_scoring_raised_are_failed_rollouts(server: ApiServer, run: gauntlet.Run) -> None:
    @watch_score
    def one(data_source: str, solution_str: str, ground_truth: str) -> float:
        raise OSError("the sandbox is down")

    @watch_score(rollouts_per_step=3)
    async def many(data_sources: Any, solution_strs: Any, ground_truths: Any, extra_infos: Any = None) -> Any:
        raise OSError("the sandbox is down")

    @watch_score(rollouts_per_step=3)
    def short(data_sources: Any, solution_strs: Any, ground_truths: Any) -> list[float]:
        return [1.0]

    with pytest.raises(OSError, match="down"):
        one("s", "a", "b")
    with pytest.raises(OSError, match="down"):
        asyncio.run(many(["s"] * 3, ["a", "a", "b"], ["c"] * 3))
    short(["s"] * 3, ["a", "a", "b"], ["c"] * 3)
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    assert [e["body"]["action"] for e in found] == ["a", "a", "a", "b", "a", "a", "b"]
    assert len({(e["step"], e["episode"]) for e in found}) == server.run(run.id)["episodes"] == 7
    assert [e["body"].get("failures", []) for e in found] == [["generic"]] * 4 + [[]] * 3
    assert [e["body"]["scores"] for e in found] == [{}] * 4 + [{"root": 1.0}, {}, {}]
    assert found[1]["body"]["metadata"]["exception"] == {
        "type": "OSError", "message": "the sandbox is down", "raised_in": "many",
    }  # fmt: skip


def score_in_a_worker(watched: Any) -> None:
    """As a reward worker does."""
    for _ in range(2):
        watched("s", "the same", "answer")
    gauntlet.flush()


def test_equal_answers_of_workers_are_all_stored(server: ApiServer, run: gauntlet.Run) -> None:
    score_in_a_worker(verl_reward.compute_score)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=score_in_a_worker, args=(verl_reward.compute_score,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    run.finish()
    assert server.run(run.id)["steps"] == server.run(run.id)["episodes"] == 8


def test_errors_of_the_function_are_the_loops_and_ours_are_not(
    run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    @watch_score
    def wrong(data_source: str, solution_str: str, ground_truth: str) -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wrong("s", "1", "1")
    monkeypatch.setattr(gauntlet.Run, "rollout", lambda *_, **__: 1 / 0)
    assert watch_score(lambda data_source, solution_str, ground_truth: 1.0)("s", "1", "1") == 1.0
    assert run.stats["errors"] == 1


def test_processes_of_one_job_write_into_one_run(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "gauntlet.run.id=job-7")
    logger = GauntletLogger("sums", "grpo 7")
    worker = (
        "from examples.verl_reward import compute_score as c; c('sums', '#### 4', '4', {'question': 'two?'})"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", worker], cwd=SDK, check=True, timeout=60)
    assert server.get("runs/job-7")["status"] == "running"
    logger.log({"loss": 1.0}, step=0)
    logger.finish()

    run = server.get("runs/job-7")
    assert (run["name"], run["status"]) == ("grpo 7", "completed")
    answers = [e for e in server.events("job-7", "snapshot.scored") if e["body"]["action"]]
    assert [a["body"]["action"] for a in answers] == ["#### 4", "#### 4"]
    assert len({(a["step"], a["episode"]) for a in answers}) == 2
