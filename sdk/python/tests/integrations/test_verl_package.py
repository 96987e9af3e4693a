"""verl's own reward managers and its own ``Tracking``, from the package on PyPI, as its trainer calls them.
The trainer itself, its Ray workers and its rollout engines need GPUs and are not run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
import torch
from examples import trl_grpo, verl_reward
from omegaconf import OmegaConf

import gauntlet
from gauntlet import context

from .conftest import ApiServer

EXAMPLE = Path(verl_reward.__file__)
ANSWERS = ["yes", "no", "yes yes", "maybe"]


@pytest.fixture(scope="module", autouse=True)
def verl() -> Any:
    """verl as a job imports it that names our plugin."""
    os.environ["VERL_USE_EXTERNAL_MODULES"] = "gauntlet.integrations.verl_plugin"
    import verl

    del os.environ["VERL_USE_EXTERNAL_MODULES"]
    return verl


def batch(answers: list[str]) -> Any:
    """What verl's rollout gives its reward manager: tokens, masks, and the task of each."""
    from verl import DataProto

    tokenizer = trl_grpo.tiny_policy()["processing_class"]
    tokens = tokenizer(answers, return_tensors="pt", padding=True, padding_side="right")
    prompts = tokenizer(["is it ?"] * len(answers), return_tensors="pt")
    mask = torch.cat([prompts["attention_mask"], tokens["attention_mask"]], dim=1)
    tasks = {
        "data_source": np.array(["sums"] * len(answers), dtype=object),
        "reward_model": np.array([{"ground_truth": "yes"}] * len(answers), dtype=object),
        "extra_info": np.array(
            [{"question": "is it ?", "index": i} for i in range(len(answers))], dtype=object
        ),
    }
    tensors = {"prompts": prompts["input_ids"], "responses": tokens["input_ids"], "attention_mask": mask}
    return tokenizer, DataProto.from_dict(tensors=tensors, non_tensors=tasks)


def settings(file: Path, manager: str) -> Any:
    """The part of verl's configuration that names a reward function and its manager."""
    function = {"path": str(file), "name": "compute_score", "reward_kwargs": {"bonus": 0.5}}
    manager_of = {"source": "register", "name": manager}
    return OmegaConf.create(
        {"reward": {"custom_reward_function": function, "reward_manager": manager_of, "num_workers": 1}}
    )


def reward_file(folder: Path, asynchronous: bool) -> Path:
    """A user's reward file, with a watched function."""
    file = folder / "reward.py"
    file.write_text(
        "from gauntlet.integrations.verl import watch_score\n\n"
        "@watch_score(rollouts_per_step=4)\n"
        f"{'async ' if asynchronous else ''}def compute_score(\n"
        "    data_source, solution_str, ground_truth, extra_info=None, bonus=0.0\n):\n"
        "    right = float(ground_truth in solution_str.split())\n"
        "    return {'score': right + bonus, 'right': right, 'said': solution_str}\n"
    )
    return file


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize("manager", ["naive", "dapo"])
def test_its_reward_managers_call_the_watched_function(
    server: ApiServer, run: gauntlet.Run, tmp_path: Path, manager: str, asynchronous: bool
) -> None:
    from verl.trainer.ppo.reward import load_reward_manager

    tokenizer, data = batch(ANSWERS)
    config = settings(reward_file(tmp_path, asynchronous), manager)

    async def judge() -> list[Any]:
        loaded = load_reward_manager(config, tokenizer)
        return list(await asyncio.gather(*(loaded.run_single(data[i : i + 1]) for i in range(len(data)))))

    rewards = asyncio.run(judge())
    assert [g["reward_score"] for g in rewards] == [1.5, 0.5, 1.5, 0.5]
    assert rewards[0]["reward_extra_info"]["said"] == "yes"

    run.finish()
    rollouts = server.events(run.id, "snapshot.scored")
    assert {r["step"] for r in rollouts} == {0}
    assert len({r["episode"] for r in rollouts}) == 4
    stored = {r["body"]["metadata"]["index"]: r["body"] for r in rollouts}
    assert [stored[i]["action"] for i in range(4)] == ANSWERS
    assert [stored[i]["scores"]["root"] for i in range(4)] == [1.5, 0.5, 1.5, 0.5]
    assert stored[0]["observation"] == "is it ?"
    assert stored[0]["metadata"]["ground_truth"] == "yes"


def test_its_batch_manager_is_as_many_rollouts(server: ApiServer, run: gauntlet.Run) -> None:
    from verl.workers.reward_manager.batch import BatchRewardManager

    from gauntlet.integrations.verl import watch_score

    @watch_score(rollouts_per_step=4)
    def compute_score(
        data_sources: Any, solution_strs: Any, ground_truths: Any, extra_infos: Any
    ) -> list[float]:
        return [float(s == g) for s, g in zip(solution_strs, ground_truths, strict=True)]

    tokenizer, data = batch(ANSWERS)
    BatchRewardManager(tokenizer, num_examine=0, compute_score=compute_score)(data)
    run.finish()
    bodies = [e["body"] for e in server.events(run.id, "snapshot.scored")]
    assert [(b["action"], b["scores"]["root"]) for b in bodies] == list(
        zip(ANSWERS, [1.0, 0.0, 0.0, 0.0], strict=True)
    )


def test_the_example_is_a_reward_file_of_verl(server: ApiServer, run: gauntlet.Run) -> None:
    from verl.trainer.ppo.reward import get_custom_reward_fn

    config = settings(EXAMPLE, "naive")
    config.reward.custom_reward_function.reward_kwargs = {}
    score = get_custom_reward_fn(config)
    assert score is not None
    assert score("sums", "#### 4", ground_truth="4", extra_info={"question": "2 + 2?"})["score"] == 1.0
    run.finish()
    [event] = server.events(run.id, "snapshot.scored")
    assert event["body"]["scores"] == {"root": 1.0, "format": 1.0, "correct": 1.0}


def test_copies_in_rays_workers_do_not_overwrite_each_other(
    server: ApiServer, run: gauntlet.Run, tmp_path: Path
) -> None:
    """The `remote` manager sends the function to Ray's workers by cloudpickle."""
    from verl.trainer.ppo.reward import get_custom_reward_fn

    sent = cloudpickle.dumps(get_custom_reward_fn(settings(reward_file(tmp_path, False), "naive")))
    context.leave(run)  # As in a process that knows of no run.
    for answer in ("yes", "no"):
        copy = cloudpickle.loads(sent)
        assert copy("sums", answer, ground_truth="yes")["right"] == float(answer == "yes")
        there = gauntlet.current_run()
        assert there is not None
        assert there.id == run.id
        there.finish()
    run.finish()
    events = server.events(run.id, "snapshot.scored")
    assert sorted(e["body"]["action"] for e in events) == ["no", "yes"]
    assert len({(e["step"], e["episode"]) for e in events}) == 2


def test_gauntlet_is_a_backend_of_its_tracking(server: ApiServer) -> None:
    from verl.utils.tracking import Tracking

    from gauntlet.integrations.verl import register

    register()
    assert Tracking.supported_backend.count("gauntlet") == 1, "the plugin has registered it"
    config = OmegaConf.create({"trainer": {"n": 4, "twice": "${trainer.n}"}})
    tracking = Tracking("sums", "grpo 1", ["console", "gauntlet"], config=config)
    tracking.log({"actor/loss": 0.5, "critic/score/mean": np.float32(0.25), "text": "x"}, step=3)
    tracking.finish(exit_code=1)
    tracking.finish()
    del tracking

    run = server.runs()[0]
    assert (run["project"], run["name"], run["status"]) == ("sums", "grpo 1", "failed")
    assert run["config"] == {"trainer": {"n": 4, "twice": 4}}
    assert len(server.events(run["id"], "run.finished")) == 1
    curve = server.curve(run["id"], "metrics.critic.score.mean")
    assert [(p["step"], p["value"]) for p in curve] == [(3, 0.25)]

    assert "gauntlet" not in Tracking("sums", "grpo 2", "console").logger
