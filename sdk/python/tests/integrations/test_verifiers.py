"""An evaluation with the real verifiers, read back from the server; prime-rl's monitor by its published
interface."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import verifiers.v1 as vf
from verifiers.v1.trace import AgentInfo, Error, Reward, TraceTask

import gauntlet
from gauntlet.integrations.verifiers import GauntletMonitor, watch_environment

from .conftest import ApiServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example as a module of its own, as verifiers finds tasksets by their module's name."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module("verifiers_eval")
    sys.modules.pop("verifiers_eval")


def a_trace(**more: Any) -> vf.Trace:
    """A trace that has ended, without any message."""
    task = TraceTask(type="SumTask", data=vf.TaskData(prompt="What is 1 + 2 ?", name="1+2"), key="k")
    return vf.Trace(task=task, agent=AgentInfo(config=vf.AgentConfig()), **more)


def test_every_rollout_is_stored_with_rewards_messages_and_tool_calls(
    server: ApiServer, example: Any
) -> None:
    run = example.main()

    snapshots = server.events(run, "snapshot.scored")
    assert [s["step"] for s in snapshots] == [1, 2, 3]
    assert [s["body"]["scores"] for s in snapshots] == [
        {"correct": 1.0, "brief": 0.7, "root": pytest.approx(2.7), "metrics.words": 3.0},
        {"correct": 1.0, "brief": 0.7, "root": pytest.approx(2.7), "metrics.words": 3.0},
        {"correct": 0.0, "brief": 0.7, "root": pytest.approx(0.7), "metrics.words": 3.0},
    ]
    assert [s["body"]["action"] for s in snapshots] == ["It is 3", "It is 42", "It is 4"]
    assert snapshots[0]["body"]["observation"] == "What is 1 + 2 ?"
    assert snapshots[0]["body"]["metadata"]["weights"] == {"correct": 2.0, "brief": 1.0}

    assert [e["body"]["task"] for e in server.events(run, "episode.started")] == ["1+2", "20+22", "2+2"]
    ended = server.events(run, "episode.finished")
    assert [(e["body"]["status"], round(e["body"]["return"], 6)) for e in ended] == [
        ("completed", 2.7), ("completed", 2.7), ("completed", 0.7),
    ]  # fmt: skip
    first = [e["body"] for e in server.events(run, "step.recorded") if e["episode"] == ended[0]["episode"]]
    assert [b["step_kind"] for b in first] == ["message", "message", "tool_call", "tool_result", "message"]
    _, asked, called, answered, last = first
    assert asked["payload"]["usage"] == {"input_tokens": 5, "output_tokens": 3}
    assert (called["name"], called["payload"]) == ("add", {"arguments": {"numbers": [1, 2]}})
    assert (answered["name"], answered["payload"]) == ("add", {"result": "3"})
    assert answered["span_id"] == called["span_id"]
    assert last["payload"]["text"] == "It is 3"


def test_an_episode_that_failed_has_its_reason(server: ApiServer, run: gauntlet.Run) -> None:
    class Broken:
        async def run_episode(self, task: Any, **_: Any) -> Any:
            trace = a_trace(
                rewards={"correct": None}, errors=[Error(type="ToolError", message="no such tool")]
            )
            return vf.Episode(
                task=trace.task, traces=[trace] if task else [], errors=[Error(type="E", message="late")]
            )

    env = watch_environment(Broken())
    asyncio.run(env.run_episode("one"))
    asyncio.run(env.run_episode(None))
    run.finish()

    snapshot, without = server.events(run.id, "snapshot.scored")
    assert snapshot["body"]["scores"] == without["body"]["scores"] == {}
    assert snapshot["body"]["failures"] == without["body"]["failures"] == ["generic"]
    assert server.run(run.id)["failing"] == 2
    assert sorted(snapshot["body"]["not_evaluated"]) == ["correct", "root"]
    errors = [e["body"]["error"] for e in server.events(run.id, "episode.finished")]
    assert errors == ["ToolError: no such tool", "E: late"]
    assert {e["body"]["status"] for e in server.events(run.id, "episode.finished")} == {"failed"}


def test_an_episode_that_raised_is_a_failed_rollout(server: ApiServer, run: gauntlet.Run) -> None:
    class Raises:
        async def run_episode(self, task: Any) -> Any:
            raise ConnectionError("the model is gone")

    env = watch_environment(Raises())
    for _ in range(2):
        with pytest.raises(ConnectionError):
            asyncio.run(env.run_episode(a_trace().task))
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    assert [e["body"]["observation"] for e in found] == ["What is 1 + 2 ?"] * 2
    assert len({e["episode"] for e in found}) == server.run(run.id)["episodes"] == 2
    assert server.run(run.id)["failing"] == 2
    assert {e["body"]["error"] for e in server.events(run.id, "episode.finished")} == {
        "ConnectionError: the model is gone"
    }


def test_equal_samples_are_all_stored_with_their_advantages(server: ApiServer, run: gauntlet.Run) -> None:
    sample = {"prompt": "1 + 1", "completion": "2", "reward": 1.0, "advantage": -0.5, "example_id": 3}
    monitor = GauntletMonitor(run)
    monitor.log_samples([sample, sample], step=4)
    monitor.log({"loss": 0.5, "time": {"rollout": 2.0}}, step=4)
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    assert [(e["step"], e["body"]["scores"]) for e in found if e["body"].get("action")] == [
        (4, {"root": 1.0, "metrics.advantage": -0.5})
    ] * 2
    assert [e["body"]["metadata"]["group"] for e in found if e["body"].get("action")] == ["4-3"] * 2
    assert server.run(run.id)["episodes"] == 2
    assert server.curve(run.id, "metrics.time.rollout")[0]["value"] == 2.0


def test_a_rollout_of_a_training_belongs_to_its_step(server: ApiServer, run: gauntlet.Run) -> None:
    class Trains:
        async def run_episode(self) -> Any:
            trace = a_trace(rewards={"correct": Reward(score=1.0)}, ok=True)
            work = vf.TrainWorkInfo(step=0)
            return vf.Episode(
                task=trace.task, traces=[trace], ok=True, group=vf.GroupInfo(id="g1"),
                run=vf.TrainRunInfo(id="r", work=work),
            )  # fmt: skip

    asyncio.run(watch_environment(Trains()).run_episode())
    run.finish()
    [snapshot] = server.events(run.id, "snapshot.scored")
    assert snapshot["step"] == 0
    assert snapshot["body"]["metadata"]["group"] == "g1"


def test_the_monitor_of_prime_rl_keeps_metrics_and_samples(server: ApiServer) -> None:
    monitor = GauntletMonitor(project="maths", name="prime")
    monitor.log({"reward/mean": 0.5, "step": 1, "note": "text"}, step=1)
    rollout = a_trace(rewards={"correct": Reward(score=1.0, weight=2.0)}, ok=True)
    object.__setattr__(rollout, "env_name", "sums")
    monitor.log_samples([rollout], step=1)
    old = {
        "prompt": [{"role": "user", "content": "1 + 1"}],
        "completion": "2",
        "reward": 1.0,
        "metrics": {"fast": 0.5},
    }
    monitor.log_eval_samples([old], "sums", step=1)
    monitor.log_distributions({"advantages": [1.0, 3.0]}, step=1)
    monitor.log_final_samples()
    monitor.save_final_summary(success=False, error_message="out of memory")
    monitor.close()

    run = server.runs()[0]
    assert (run["name"], run["project"], run["status"]) == ("prime", "maths", "failed")
    train, evaluated = [e for e in server.events(run["id"], "snapshot.scored") if e["body"]["metadata"]]
    assert train["body"]["scores"] == {"correct": 1.0, "root": 2.0}
    assert train["body"]["metadata"]["split"] == "train"
    assert (evaluated["body"]["action"], evaluated["body"]["observation"]) == ("2", "1 + 1")
    assert evaluated["body"]["scores"] == {"fast": 0.5, "root": 1.0}
    assert evaluated["body"]["metadata"]["environment"] == "sums"
    assert server.curve(run["id"], "metrics.reward.mean")[0]["value"] == 0.5
    assert server.curve(run["id"], "metrics.advantages.max")[0]["value"] == 3.0
    assert monitor.history == [{"reward/mean": 0.5, "step": 1, "note": "text"}]


def test_on_other_ranks_the_monitor_is_silent(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    before = len(server.runs())
    monitor = GauntletMonitor()
    monitor.log({"loss": 1.0}, step=1)
    monitor.log_samples([a_trace()], step=1)
    monitor.close()
    assert len(server.runs()) == before


def test_nothing_it_does_reaches_the_rollouts(run: gauntlet.Run) -> None:
    class Odd:
        async def run_episode(self) -> Any:
            return SimpleNamespace(unlike="an episode")

    episode = asyncio.run(watch_environment(Odd()).run_episode())
    assert episode.unlike == "an episode"
    assert run.stats["errors"] == 1
