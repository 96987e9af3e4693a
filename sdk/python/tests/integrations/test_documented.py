"""The examples in INTEGRATIONS.md, run unchanged."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import verifiers.v1 as vf
from datasets import Dataset
from examples import openenv_environment, trl_grpo
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from trl import GRPOConfig, GRPOTrainer

import gauntlet
from gauntlet.integrations.openenv import watch_environment

from .conftest import ApiServer

SDK = Path(__file__).parents[2]
TEXT = (SDK / "INTEGRATIONS.md").read_text()


def example(section: str) -> str:
    """The first Python example of a section."""
    found = re.search(rf"^## {section}\n\n```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"INTEGRATIONS.md has no example under {section}"
    return found[1]


def scored(server: ApiServer, run: str) -> list[dict[str, Any]]:
    """The scores of every rollout."""
    return [e["body"]["scores"] for e in server.events(run, "snapshot.scored") if e["body"]["observation"]]


def test_trl(server: ApiServer) -> None:
    policy = trl_grpo.tiny_policy()
    arguments = GRPOConfig(
        output_dir=tempfile.mkdtemp(), max_steps=1, per_device_train_batch_size=4, num_generations=4,
        max_completion_length=4, use_cpu=True, bf16=False, report_to=[], save_strategy="no",
        disable_tqdm=True,
    )  # fmt: skip
    known = {
        "GRPOTrainer": GRPOTrainer, "model": policy["model"], "tokenizer": policy["processing_class"],
        "arguments": arguments, "tasks": Dataset.from_list([{"prompt": "is it ?"}] * 4),
        "correct": trl_grpo.contains_yes, "brief": trl_grpo.brief,
    }  # fmt: skip
    exec(example("TRL"), known)
    run = server.runs()[0]
    assert (run["project"], run["status"]) == ("maths", "completed")
    assert [set(s) for s in scored(server, run["id"])] == [{"contains_yes", "brief", "root"}] * 4


def test_openenv(server: ApiServer, run: gauntlet.Run) -> None:
    known: dict[str, Any] = {"MyEnvironment": openenv_environment.GuessTheNumber}
    exec(example("OpenEnv"), known)
    known["env"].reset(seed=1)
    known["env"].step(openenv_environment.Guess(number=50))
    run.finish()
    assert len(scored(server, run.id)) == 1


def test_a_server_of_openenv_watches_its_sessions() -> None:
    [call] = re.findall(r"`(create_app\(.*?\))`", TEXT)
    from openenv.core.env_server import create_app

    known: dict[str, Any] = {
        "create_app": create_app, "watch_environment": watch_environment,
        "MyEnvironment": openenv_environment.GuessTheNumber, "MyAction": openenv_environment.Guess,
        "MyObservation": openenv_environment.Hint,
    }  # fmt: skip
    app = eval(call, known)
    assert any(getattr(route, "path", "") == "/reset" for route in app.routes)


async def test_verifiers(server: ApiServer, run: gauntlet.Run) -> None:
    class Silent:
        async def run_episode(self) -> Any:
            from .test_verifiers import a_trace

            trace = a_trace(rewards={"correct": vf.Reward(score=1.0)}, ok=True)
            return vf.Episode(task=trace.task, traces=[trace], ok=True)

    known: dict[str, Any] = {"load_environment": lambda config: Silent(), "config": None}
    exec(example("verifiers"), known)
    await known["env"].run_episode()
    run.finish()
    assert scored(server, run.id) == [{"correct": 1.0, "root": 1.0}]


def test_prime_rl(server: ApiServer) -> None:
    class MultiMonitor:
        monitors: list[Any] = []

    exec(example("prime-rl"), {"monitor": MultiMonitor})
    MultiMonitor.monitors[0].log({"reward": 0.5}, step=1)
    MultiMonitor.monitors[0].close()
    assert (server.runs()[0]["project"], server.runs()[0]["status"]) == ("maths", "completed")


def test_langchain(server: ApiServer, run: gauntlet.Run) -> None:
    chain = FakeListChatModel(responses=["yes"])
    exec(example("LangChain and LangGraph"), {"chain": chain, "question": "is it?"})
    run.finish()
    [step] = server.events(run.id, "step.recorded")
    assert step["body"]["payload"]["text"] == "yes"


def test_verl(server: ApiServer, run: gauntlet.Run) -> None:
    known: dict[str, Any] = {}
    exec(example("verl"), known)
    assert known["compute_score"]("sums", "it is 4", "4", {"question": "2 + 2?"})["score"] == 1.0
    run.finish()
    assert scored(server, run.id) == [{"root": 1.0, "length": 7.0}]


@pytest.mark.parametrize("path", sorted((SDK / "examples").glob("*.py")), ids=lambda path: path.name)
def test_every_example_is_described(path: Path) -> None:
    assert f"(examples/{path.name})" in TEXT
    assert f"python examples/{path.name}" in path.read_text()


def test_the_versions_are_those_it_is_tested_on() -> None:
    pins = (SDK / "requirements-test.txt").read_text() + (SDK / "pyproject.toml").read_text()
    pinned = dict(re.findall(r'^(?:    ")?([\w.-]+)==([^"\s]+)', pins, re.MULTILINE))
    for package in (
        "trl",
        "transformers",
        "openenv-core",
        "verifiers",
        "langchain-core",
        "langgraph",
        "verl",
    ):
        assert f"{package} {pinned[package]}" in TEXT, package
