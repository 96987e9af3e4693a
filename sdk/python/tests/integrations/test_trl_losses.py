"""What a GRPO training must not lose: advantages, logged columns, batches in which a reward function
raised."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from datasets import Dataset
from examples import trl_grpo
from transformers import GPT2Config, GPT2ForSequenceClassification
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

import gauntlet
from gauntlet.integrations.trl import GauntletCallback, watch_rewards

from .conftest import ApiServer

TASKS = Dataset.from_list([{"prompt": question, "level": n} for n, question in enumerate(trl_grpo.QUESTIONS)])


def train(
    reward_funcs: Any, callbacks: list[Any], tokenizers: Any = None, rloo: bool = False, **more: Any
) -> Any:
    """A training of eight completions a step, four to a prompt."""
    settings = {
        "output_dir": tempfile.mkdtemp(), "max_steps": 2, "per_device_train_batch_size": 8,
        "num_generations": 4,
        "max_completion_length": 5, "logging_steps": 1, "use_cpu": True, "bf16": False, "report_to": [],
        "save_strategy": "no", "disable_tqdm": True, "beta": 0.0,
    }  # fmt: skip
    trainer = (RLOOTrainer if rloo else GRPOTrainer)(
        **trl_grpo.tiny_policy(),
        args=(RLOOConfig if rloo else GRPOConfig)(**{**settings, **more}),
        train_dataset=TASKS,
        eval_dataset=TASKS.select(range(2)),
        reward_funcs=reward_funcs,
        reward_processing_classes=tokenizers,
        callbacks=callbacks,
    )
    trainer.train()
    return trainer


def judged(server: ApiServer, run: str) -> list[dict[str, Any]]:
    """The rollouts, each of which is an episode that began and ended."""
    found = server.events(run, "snapshot.scored")
    assert len({(e["step"], e["episode"]) for e in found}) == len(found)
    for kind in ("episode.started", "episode.finished"):
        assert [e["episode"] for e in server.events(run, kind)] == [e["episode"] for e in found]
    assert server.run(run)["episodes"] == len(found)
    return found


def advantages(server: ApiServer, run: str) -> dict[str, float]:
    """The advantage of each episode."""
    added = server.events(run, "score.added")
    return {e["episode"]: e["body"]["value"] for e in added if e["body"]["path"] == "metrics.advantage"}


def of_group(rollouts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rollouts of each group."""
    groups = defaultdict(list)
    for rollout in rollouts:
        groups[rollout["body"]["metadata"]["group"]].append(rollout)
    return groups


@pytest.mark.parametrize("callback", [True, False])
def test_each_rollout_has_the_advantage_that_the_trainer_gave_it(
    server: ApiServer, run: gauntlet.Run, callback: bool
) -> None:
    train(
        watch_rewards(trl_grpo.brief),
        [GauntletCallback(run)] if callback else [],
        gradient_accumulation_steps=2, eval_strategy="steps", eval_steps=1, per_device_eval_batch_size=8,
    )  # fmt: skip
    run.finish()
    rollouts, found = judged(server, run.id), advantages(server, run.id)
    assert len(rollouts) == 2 * 16 + 2 * 8
    assert {(r["body"]["metadata"]["split"], r["step"]) for r in rollouts} == {
        ("train", 1), ("eval", 1), ("train", 2), ("eval", 2),
    }  # fmt: skip
    assert run.stats.get("advantages_missing", 0) == 0
    groups = of_group(rollouts)
    assert len(groups) == 12
    for group in groups.values():
        assert len(group) == 4
        assert len({r["body"]["observation"] for r in group}) == 1
        rewards = [r["body"]["scores"]["root"] for r in group]
        mean, deviation = statistics.mean(rewards), statistics.stdev(rewards)
        for rollout, reward in zip(group, rewards, strict=True):
            expected = (reward - mean) / (deviation + 1e-4)
            assert found[rollout["episode"]] == pytest.approx(expected, abs=1e-4)


def test_rloo_has_advantages_too(server: ApiServer, run: gauntlet.Run) -> None:
    train(watch_rewards(trl_grpo.brief), [GauntletCallback(run)], rloo=True, max_steps=1)
    run.finish()
    rollouts, found = judged(server, run.id), advantages(server, run.id)
    for group in of_group(rollouts).values():
        rewards = [r["body"]["scores"]["root"] for r in group]
        for rollout, reward in zip(group, rewards, strict=True):
            others = (sum(rewards) - reward) / 3
            assert found[rollout["episode"]] == pytest.approx(reward - others, abs=1e-4)


@pytest.mark.parametrize("callback", [True, False])
def test_what_a_function_logs_beside_its_rewards_is_stored(
    server: ApiServer, run: gauntlet.Run, callback: bool
) -> None:
    def counts(completions: list[str], log_extra: Any, log_metric: Any, **_: Any) -> list[float]:
        log_extra("words", [len(c.split()) for c in completions])
        log_extra("level", ["easy"] * len(completions))
        log_metric("accuracy", 0.25)
        return [1.0] * len(completions)

    def loud(completions: list[str], log_extra: Any, **_: Any) -> list[float]:
        log_extra("words", [c.upper() for c in completions])
        return [0.0] * len(completions)

    trainer = train(watch_rewards([counts, loud]), [GauntletCallback(run)] if callback else [])
    run.finish()
    rollouts = judged(server, run.id)
    assert len(rollouts) == 16
    for rollout in rollouts:
        metadata, action = rollout["body"]["metadata"], rollout["body"]["action"]
        assert (metadata["words"], metadata["loud.words"]) == (len(action.split()), action.upper())
        # A column of the task keeps its name.
        assert (TASKS[metadata["level"]]["prompt"], metadata["counts.level"]) == (
            rollout["body"]["observation"],
            "easy",
        )
    points = server.curve(run.id, "metrics.accuracy")
    assert [(p["step"], p["value"]) for p in points] == [(1, 0.25), (2, 0.25)]
    assert list(trainer._logs["extra"]["level"]), "the trainer's own table has it as well"


def raises_at(call: int, error: BaseException) -> Callable[..., list[float]]:
    """A reward function that raises at one of its calls."""
    calls = []

    def judge(completions: list[str], **_: Any) -> list[float]:
        calls.append(1)
        if len(calls) == call:
            raise error
        return [0.5] * len(completions)

    return judge


def test_the_batch_in_which_a_function_raised_is_stored_and_the_trainer_gets_the_exception(
    server: ApiServer, run: gauntlet.Run
) -> None:
    watched = watch_rewards(
        [trl_grpo.brief, raises_at(2, RuntimeError("the judge is down")), trl_grpo.contains_yes]
    )
    with pytest.raises(RuntimeError, match="the judge is down"):
        train(watched, [GauntletCallback(run)])
    run.finish("failed")

    rollouts = judged(server, run.id)
    assert [r["step"] for r in rollouts] == [1] * 8 + [2] * 8
    good, bad = rollouts[:8], rollouts[8:]
    assert not any("failures" in r["body"] or "exception" in r["body"]["metadata"] for r in good)
    for rollout in bad:
        body = rollout["body"]
        assert body["scores"] == {"brief": pytest.approx(-0.1 * len(body["action"].split()))}
        assert sorted(body["not_evaluated"]) == ["contains_yes", "judge", "root"]
        assert body["failures"] == ["generic"]
        assert body["metadata"]["exception"] == {
            "type": "RuntimeError", "message": "the judge is down", "raised_in": "judge",
        }  # fmt: skip
        assert body["observation"] in trl_grpo.QUESTIONS
    ended = server.events(run.id, "episode.finished")
    assert [e["body"]["status"] for e in ended] == ["completed"] * 8 + ["failed"] * 8
    assert ended[-1]["body"]["error"] == "RuntimeError: the judge is down"
    errors = [e for e in server.events(run.id, "step.recorded") if e["body"]["step_kind"] == "error"]
    assert [e["episode"] for e in errors] == [r["episode"] for r in bad]
    assert "raise error" in errors[0]["body"]["error"]["traceback"]
    assert set(advantages(server, run.id)) == {r["episode"] for r in good}


def test_an_interrupt_in_a_function_keeps_its_batch(server: ApiServer, run: gauntlet.Run) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(watch_rewards(raises_at(1, KeyboardInterrupt())), [GauntletCallback(run)])
    run.finish("cancelled")
    assert [r["body"]["metadata"]["exception"]["type"] for r in judged(server, run.id)] == [
        "KeyboardInterrupt"
    ] * 8


def test_functions_that_return_after_another_has_raised_are_recorded(
    server: ApiServer, run: gauntlet.Run
) -> None:
    failed, answered = asyncio.Event(), asyncio.Event()

    async def early(completions: list[str], **_: Any) -> list[float]:
        failed.set()
        raise OSError("no route")

    async def late(completions: list[str], **_: Any) -> list[float]:
        await failed.wait()
        await asyncio.sleep(0)
        answered.set()
        return [0.75] * len(completions)

    async def both() -> None:
        call = {"prompts": ["a", "a"], "completions": ["x", "x"], "completion_ids": [[1], [1]]}
        done = await asyncio.gather(
            *(f(**call) for f in watch_rewards([early, late])), return_exceptions=True
        )
        assert isinstance(done[0], OSError)
        assert done[1] == [0.75, 0.75]

    asyncio.run(both())
    run.finish()
    rollouts = judged(server, run.id)
    assert len(rollouts) == 2
    added = {
        e["episode"]: (e["body"]["path"], e["body"]["value"]) for e in server.events(run.id, "score.added")
    }
    assert added == {r["episode"]: ("late", 0.75) for r in rollouts}


@pytest.mark.parametrize("answer", [[1.0], 1.0, None])
def test_an_answer_that_the_trainer_refuses_fails_its_batch(
    server: ApiServer, run: gauntlet.Run, answer: Any
) -> None:
    def odd(**_: Any) -> Any:
        return answer

    with pytest.raises((ValueError, TypeError)):
        train(watch_rewards([trl_grpo.brief, odd]), [GauntletCallback(run)])
    run.finish("failed")
    rollouts = judged(server, run.id)
    assert len(rollouts) == 8
    assert {r["body"]["metadata"]["exception"]["raised_in"] for r in rollouts} == {"odd"}


def test_a_reward_model_that_raises_fails_its_batch(server: ApiServer, run: gauntlet.Run) -> None:
    class Broken(GPT2ForSequenceClassification):
        def forward(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("out of memory")

    model = Broken(GPT2Config(vocab_size=16, n_embd=16, n_layer=1, n_head=2, num_labels=1, pad_token_id=0))
    tokenizer = trl_grpo.tiny_policy()["processing_class"]
    with pytest.raises(RuntimeError, match="out of memory"):
        train(watch_rewards([trl_grpo.brief, model]), [GauntletCallback(run)], [None, tokenizer])
    run.finish("failed")
    assert {r["body"]["metadata"]["exception"]["message"] for r in judged(server, run.id)} == {
        "out of memory"
    }


def test_a_batch_that_was_cut_off_between_two_functions_is_stored(
    server: ApiServer, run: gauntlet.Run
) -> None:
    first, _ = watch_rewards([trl_grpo.brief, trl_grpo.contains_yes])
    first(prompts=["a"], completions=["yes"], completion_ids=[[1]])
    run.finish()
    [rollout] = judged(server, run.id)
    assert rollout["body"]["scores"] == {"brief": -0.1}
    assert sorted(rollout["body"]["not_evaluated"]) == ["contains_yes", "root"]


def judge_in_a_worker(watched: Any, rounds: int) -> None:
    """What a pool of workers does that judges the same completions in each."""
    for _ in range(rounds):
        watched(prompts=["a", "a"], completions=["yes", "yes"], completion_ids=[[1], [1]])
    gauntlet.flush()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_never_replace_each_others_rollouts(
    server: ApiServer, run: gauntlet.Run, method: str
) -> None:
    watched = watch_rewards(trl_grpo.brief)
    judge_in_a_worker(watched, 1)
    start: Any = multiprocessing.get_context(method)
    workers = [start.Process(target=judge_in_a_worker, args=(watched, 2)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    judge_in_a_worker(watched, 1)
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    # Equal in everything but their names, and all there.
    assert len(found) == len({(e["step"], e["episode"]) for e in found}) == 2 * (2 + 3 * 2)
    assert server.run(run.id)["steps"] == 16


def test_nothing_of_it_touches_the_model(run: gauntlet.Run) -> None:
    torch.manual_seed(3)
    trainer = train(watch_rewards(trl_grpo.brief), [GauntletCallback(run)], max_steps=1)
    assert trainer.state.global_step == 1
    assert torch.isfinite(next(trainer.model.parameters())).all()
