"""A real GRPO training, read back from the server."""

from __future__ import annotations

import asyncio
import functools
import math
import pickle
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from examples import trl_grpo
from transformers import GPT2Config, GPT2ForSequenceClassification, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

import gauntlet
from gauntlet import context
from gauntlet.integrations.trl import GauntletCallback, watch_rewards

from .conftest import ApiServer

SDK = Path(__file__).parents[2]
TASKS = Dataset.from_list([{"prompt": question, "level": n} for n, question in enumerate(trl_grpo.QUESTIONS)])


def weighted(completions: list[str], factor: float, **_: Any) -> list[float]:
    """The factor for each word."""
    return [factor * len(completion.split()) for completion in completions]


def train(
    reward_funcs: Any, callbacks: list[TrainerCallback], tokenizers: list[Any] | None = None, **more: Any
) -> GRPOTrainer:
    """Two steps of eight completions, four to a prompt."""
    settings = {
        "output_dir": tempfile.mkdtemp(), "max_steps": 2, "per_device_train_batch_size": 8,
        "num_generations": 4,
        "max_completion_length": 5, "logging_steps": 1, "use_cpu": True, "bf16": False, "report_to": [],
        "save_strategy": "no", "disable_tqdm": True,
    }  # fmt: skip
    evaluated = {"eval_dataset": TASKS.select(range(2))} if "eval_strategy" in more else {}
    trainer = GRPOTrainer(
        **trl_grpo.tiny_policy(),
        args=GRPOConfig(**{**settings, **more}),
        train_dataset=TASKS,
        reward_funcs=reward_funcs,
        reward_processing_classes=tokenizers,
        callbacks=callbacks,
        **evaluated,
    )
    trainer.train()
    return trainer


def test_every_completion_of_every_step_is_a_rollout_with_its_scores(server: ApiServer) -> None:
    run = trl_grpo.main(steps=3)

    rollouts = [e for e in server.events(run, "snapshot.scored") if e["body"]["observation"]]
    assert [r["step"] for r in rollouts] == [1] * 8 + [2] * 8 + [3] * 8
    assert len({r["episode"] for r in rollouts}) == 24
    for rollout in rollouts:
        scores, spoken = rollout["body"]["scores"], rollout["body"]["action"].split()
        assert scores["contains_yes"] == float("yes" in spoken)
        assert scores["brief"] == pytest.approx(-0.1 * len(spoken))
        assert scores["root"] == pytest.approx(scores["contains_yes"] + 0.5 * scores["brief"])
        assert rollout["body"]["observation"] in trl_grpo.QUESTIONS
        assert rollout["body"]["metadata"]["subject"] == rollout["body"]["observation"].split()[-2]
        assert rollout["body"]["metadata"]["split"] == "train"

    # TRL's own mean of the rewards is the mean of the recorded ones.
    for point in server.curve(run, "metrics.reward"):
        of_step = [r["body"]["scores"]["root"] for r in rollouts if r["step"] == point["step"]]
        assert point["value"] == pytest.approx(sum(of_step) / len(of_step), abs=1e-6)
    for path in (
        "metrics.loss",
        "metrics.learning_rate",
        "metrics.rewards.contains_yes.mean",
        "metrics.entropy",
    ):
        assert [p["step"] for p in server.curve(run, path)] == [1, 2, 3], path
    assert server.get(f"runs/{run}")["status"] == "completed"


def test_the_callback_alone_begins_and_ends_a_run_with_the_trainers_arguments(server: ApiServer) -> None:
    train(
        watch_rewards(trl_grpo.brief),
        [GauntletCallback(project="maths", name="alone")],
        reward_weights=[2.0],
    )

    run = server.runs()[0]
    assert (run["name"], run["project"], run["status"]) == ("alone", "maths", "completed")
    assert run["config"]["num_generations"] == 4
    scored = [
        e["body"]["scores"] for e in server.events(run["id"], "snapshot.scored") if e["body"]["observation"]
    ]
    assert len(scored) == 16
    assert all(s["root"] == pytest.approx(2 * s["brief"]) for s in scored)


def test_a_second_training_of_the_same_trainer_is_a_second_run(server: ApiServer) -> None:
    callback = GauntletCallback(name="again")
    trainer = train(watch_rewards(trl_grpo.brief), [callback], max_steps=1)
    trainer.train()

    runs = [run for run in server.runs() if run["name"] == "again"]
    assert [run["status"] for run in runs] == ["completed"] * 2
    for run in runs:
        judged = [e for e in server.events(run["id"], "snapshot.scored") if e["body"]["observation"]]
        assert len(judged) == 8


def test_what_a_function_does_not_judge_is_not_evaluated(server: ApiServer, run: gauntlet.Run) -> None:
    async def sometimes(completions: list[str], **_: Any) -> list[float | None]:
        await asyncio.sleep(0)
        return [1.0 if i % 2 else None for i in range(len(completions))]

    def never(completions: list[str], **_: Any) -> list[float]:
        return [math.nan] * len(completions)

    train(watch_rewards([sometimes, never]), [GauntletCallback(run)], max_steps=1)
    run.finish()

    bodies = [e["body"] for e in server.events(run.id, "snapshot.scored") if e["body"]["observation"]]
    assert len(bodies) == 8
    for i, body in enumerate(bodies):
        if i % 2:
            assert body["scores"] == {"sometimes": 1.0, "root": 1.0}
            assert body["not_evaluated"] == ["never"]
        else:
            assert body["scores"] == {}
            assert sorted(body["not_evaluated"]) == ["never", "root", "sometimes"]


@pytest.mark.parametrize("model_first", [True, False])
def test_a_reward_model_is_unchanged_and_its_scores_are_stored(
    server: ApiServer, run: gauntlet.Run, model_first: bool
) -> None:
    tokenizer = trl_grpo.tiny_policy()["processing_class"]
    model = GPT2ForSequenceClassification(
        GPT2Config(
            vocab_size=16, n_positions=32, n_embd=16, n_layer=1, n_head=2, num_labels=1, pad_token_id=0
        )
    )
    model.config._name_or_path = "judges/tiny-judge"
    functions = [model, trl_grpo.brief] if model_first else [trl_grpo.brief, model]
    watched = watch_rewards(functions)
    assert watched[functions.index(model)] is model

    class Seen(TrainerCallback):
        means: list[float] = []

        def on_log(self, *_: Any, logs: dict[str, float], **__: Any) -> None:
            self.means.append(logs.get("rewards/tiny-judge/mean", math.nan))

    tokenizers = [tokenizer if reward is model else None for reward in watched]
    train(watched, [GauntletCallback(run), Seen()], tokenizers, max_steps=1)
    run.finish()

    scores = [
        e["body"]["scores"] for e in server.events(run.id, "snapshot.scored") if e["body"]["observation"]
    ]
    assert len(scores) == 8
    assert sum(s["tiny-judge"] for s in scores) / 8 == pytest.approx(Seen.means[0], abs=1e-5)
    assert all(s["root"] == pytest.approx(s["tiny-judge"] + s["brief"], abs=1e-6) for s in scores)


def test_evaluation_is_distinguished_from_training(server: ApiServer, run: gauntlet.Run) -> None:
    train(
        watch_rewards(trl_grpo.brief),
        [GauntletCallback(run)],
        eval_strategy="steps", eval_steps=1, per_device_eval_batch_size=4,
    )  # fmt: skip
    run.finish()

    judged = [e for e in server.events(run.id, "snapshot.scored") if e["body"]["observation"]]
    count = {(e["body"]["metadata"]["split"], e["step"]) for e in judged}
    assert count == {("train", 1), ("eval", 1), ("train", 2), ("eval", 2)}
    assert len({(e["step"], e["episode"]) for e in judged}) == len(judged) == 2 * 8 + 2 * 8


def test_a_person_stops_the_training_at_the_end_of_a_step(server: ApiServer, run: gauntlet.Run) -> None:
    run.flush()
    server.post(f"runs/{run.id}/commands", {"action": "stop", "author": "ada", "parameters": {}})

    class UntilHeard(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            run.commands(timeout=10)

    trainer = train(watch_rewards(trl_grpo.brief), [UntilHeard(), GauntletCallback(run)], max_steps=50)
    assert trainer.state.global_step == 1
    run.finish("cancelled")
    assert server.events(run.id, "command.applied")


def test_the_processes_of_a_distributed_training_are_one_run(server: ApiServer) -> None:
    launch = [sys.executable, "-m", "tests.integrations.two_ranks"]
    done = subprocess.run(launch, cwd=SDK, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    # Both processes print, and at times into one line.
    [id] = set(re.findall(r"/runs/([0-9a-f-]{36})", done.stdout))
    run = server.get(f"runs/{id}")

    assert run["status"] == "completed"
    assert len(server.events(run["id"], "run.finished")) == 1
    rollouts = [e for e in server.events(run["id"], "snapshot.scored") if e["body"]["observation"]]
    assert len({(r["step"], r["episode"]) for r in rollouts}) == len(rollouts) == 3 * 16
    for point in server.curve(run["id"], "metrics.reward"):
        of_step = [r["body"]["scores"]["root"] for r in rollouts if r["step"] == point["step"]]
        assert point["value"] == pytest.approx(sum(of_step) / 16, abs=1e-6)

    # The advantages of all processes are in one table; each process found its own.
    added = server.events(run["id"], "score.added")
    found = {e["episode"]: e["body"]["value"] for e in added if e["body"]["path"] == "metrics.advantage"}
    groups: dict[str, list[dict[str, Any]]] = {}
    for rollout in rollouts:
        groups.setdefault(rollout["body"]["metadata"]["group"], []).append(rollout)
    assert {len(group) for group in groups.values()} == {4}
    for group in groups.values():
        assert len({r["body"]["observation"] for r in group}) == 1
        assert sum(found[r["episode"]] for r in group) == pytest.approx(0.0, abs=1e-3)
        best = max(group, key=lambda r: r["body"]["scores"]["root"])
        assert found[best["episode"]] == max(found[r["episode"]] for r in group)

    # On a stop command all of them stop at the same step: none waits for the others.
    assert sorted(re.findall(r"rank \d stopped at \d+", done.stdout)) == [
        "rank 0 stopped at 2",
        "rank 1 stopped at 2",
    ]


def test_functions_keep_their_names_and_can_be_sent_to_another_process(
    server: ApiServer, run: gauntlet.Run
) -> None:
    watched = watch_rewards([trl_grpo.contains_yes, functools.partial(weighted, factor=2.0)])
    assert [function.__name__ for function in watched] == ["contains_yes", "weighted"]

    call = {"prompts": ["is it ?"], "completions": ["yes"], "completion_ids": [[2]]}
    sent = pickle.dumps(watched)
    context.leave(run)  # As in a process that knows of no run.
    assert [function(**call) for function in pickle.loads(sent)] == [[1.0], [2.0]]
    there = gauntlet.current_run()
    assert there is not None
    assert there is not run
    assert there.id == run.id
    there.finish()
    assert server.get(f"runs/{run.id}")["status"] == "running"
    [rollout] = server.events(run.id, "snapshot.scored")
    assert rollout["body"]["scores"] == {"contains_yes": 1.0, "weighted": 2.0, "root": 3.0}
    run.finish()


def test_nothing_it_does_reaches_the_training(run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(gauntlet.Run, "rollout", broken)
    monkeypatch.setattr(gauntlet.Run, "metrics", broken)
    trainer = train(watch_rewards(trl_grpo.brief), [GauntletCallback(run)])
    assert trainer.state.global_step == 2
    assert run.stats["errors"] >= 4
    assert torch.isfinite(next(trainer.model.parameters())).all()
