"""Environments of the real openenv-core, read back from the server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from examples import openenv_environment
from openenv.core.client_types import StepResult
from openenv.core.env_server import Action, Environment, Observation, State
from openenv.core.rubrics import Rubric, WeightedSum

import gauntlet
from gauntlet.integrations.openenv import watch_environment
from gauntlet.journal import Journal

from .conftest import ApiServer


class Walk(Environment[Action, Observation, State]):
    """Three steps and it is done; no rubric; the second step fails once if asked to."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.fails = fails
        self.count = 0

    def reset(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Observation:
        self.count = 0
        return Observation()

    def step(self, action: Action, timeout_s: float | None = None, **_: Any) -> Observation:
        self.count += 1
        if self.fails and self.count == 2:
            self.fails = False
            raise RuntimeError("the floor is wet")
        return Observation(reward=None if self.count == 1 else float(self.count), done=self.count == 3)

    @property
    def state(self) -> State:
        return State(step_count=self.count)


class AsyncWalk(Walk):
    """The same, with a step of its own for async loops."""

    async def step_async(self, action: Action, timeout_s: float | None = None, **_: Any) -> Observation:
        await asyncio.sleep(0)
        return self.step(action)


def test_each_step_shows_the_full_rubric_and_each_game_is_an_episode(server: ApiServer) -> None:
    run = openenv_environment.main(episodes=3)

    snapshots = server.events(run, "snapshot.scored")
    assert [s["step"] for s in snapshots] == list(range(1, len(snapshots) + 1))
    assert {s["episode"].rsplit("-", 2)[0] for s in snapshots} == {"game-0", "game-1", "game-2"}
    for snapshot in snapshots:
        scores, guess = snapshot["body"]["scores"], json.loads(snapshot["body"]["action"])["number"]
        assert set(scores) == {"root", "rubric_0", "rubric_1"}
        assert scores["root"] == pytest.approx(0.8 * scores["rubric_0"] + 0.2 * scores["rubric_1"])
        assert 1 <= guess <= 100
        assert '"hint"' in snapshot["body"]["observation"]

    ended = server.events(run, "episode.finished")
    assert [e["body"]["status"] for e in ended] == ["completed"] * 3
    for episode in ended:
        of_it = [s["body"]["scores"]["root"] for s in snapshots if s["episode"] == episode["episode"]]
        assert episode["body"]["return"] == pytest.approx(sum(of_it))
    assert [e["body"]["metadata"] for e in server.events(run, "episode.started")] == [
        {"episode_id": f"game-{n}", "seed": n} for n in range(3)
    ]


def test_without_a_rubric_the_reward_is_the_score(server: ApiServer, run: gauntlet.Run) -> None:
    env = watch_environment(Walk())
    env.reset()
    while not env.step(Action()).done:
        pass
    env.reset()
    env.step(Action())
    env.reset()
    run.finish()

    bodies = [e["body"] for e in server.events(run.id, "snapshot.scored")]
    assert [b["scores"] for b in bodies] == [{}, {"root": 2.0}, {"root": 3.0}, {}]
    assert [b["not_evaluated"] for b in bodies] == [["root"], [], [], ["root"]]
    assert [e["body"]["status"] for e in server.events(run.id, "episode.finished")] == [
        "completed",
        "cancelled",
        "cancelled",
    ]
    assert server.events(run.id, "episode.finished")[0]["body"]["return"] == 5.0


def test_a_step_that_fails_is_recorded_with_its_origin_and_raised(
    server: ApiServer, run: gauntlet.Run
) -> None:
    env = watch_environment(Walk(fails=True))
    env.reset()
    env.step(Action())
    with pytest.raises(RuntimeError, match="wet"):
        env.step(Action())
    assert env.step(Action()).done
    run.finish()

    [error] = [e for e in server.events(run.id, "step.recorded") if e["body"]["step_kind"] == "error"]
    assert error["body"]["error"]["type"] == "RuntimeError"
    assert "the floor is wet" in error["body"]["error"]["traceback"]
    [failed] = [e for e in server.events(run.id, "snapshot.scored") if e["body"].get("failures")]
    assert (failed["step"], failed["body"]["failures"], failed["body"]["scores"]) == (2, ["generic"], {})
    assert failed["body"]["metadata"]["exception"] == {
        "type": "RuntimeError", "message": "the floor is wet", "raised_in": "step",
    }  # fmt: skip
    assert json.loads(failed["body"]["action"]) == {"metadata": {}}
    # The loop continued, and so did the episode.
    [finished] = server.events(run.id, "episode.finished")
    assert finished["body"]["status"] == "completed"
    assert server.run(run.id)["failing"] == 1


@pytest.mark.parametrize("then", ["reset", "close", "finish"])
def test_an_episode_whose_last_step_failed_has_failed(
    server: ApiServer, run: gauntlet.Run, then: str
) -> None:
    env = watch_environment(Walk(fails=True))
    env.reset()
    env.step(Action())
    with pytest.raises(RuntimeError):
        env.step(Action())
    if then != "finish":
        getattr(env, then)()
    run.finish()
    finished = server.events(run.id, "episode.finished")[0]["body"]
    assert (finished["status"], finished["error"]) == ("failed", "RuntimeError: the floor is wet")


def test_a_reset_that_fails_is_a_failed_episode(server: ApiServer, run: gauntlet.Run) -> None:
    class Closed(Walk):
        def reset(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Observation:
            raise OSError("the door is shut")

    with pytest.raises(OSError, match="shut"):
        watch_environment(Closed()).reset(episode_id="one")
    run.finish()
    [finished] = server.events(run.id, "episode.finished")
    assert (finished["body"]["status"], finished["body"]["error"]) == ("failed", "OSError: the door is shut")
    assert finished["episode"].startswith("one-")
    assert server.run(run.id)["failing"] == 1


class Trips(Rubric):
    """Raises at 50."""

    def forward(self, action: openenv_environment.Guess, observation: openenv_environment.Hint) -> float:
        if action.number == 50:
            raise RuntimeError("slipped")
        return 1.0


@pytest.mark.parametrize("within", [True, False])
def test_a_step_that_fails_keeps_what_its_rubric_gave(
    server: ApiServer, run: gauntlet.Run, within: bool
) -> None:
    class Slips(openenv_environment.GuessTheNumber):
        def step(self, action: Any, timeout_s: float | None = None, **_: Any) -> Any:
            seen = super().step(action)
            if action.number == 50 and not within:
                raise RuntimeError("slipped")
            return seen

    env = Slips()
    env.rubric = WeightedSum([env.close_by, Trips() if within else openenv_environment.Correct()], [0.5, 0.5])
    watch_environment(env).reset(seed=1)
    env.step(openenv_environment.Guess(number=10))
    with pytest.raises(RuntimeError, match="slipped"):
        env.step(openenv_environment.Guess(number=50))
    env.step(openenv_environment.Guess(number=20))
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    # The rubric's own rollout of that step, as far as it came, and the failure: two nodes, neither replaced.
    assert len({(e["step"], e["episode"]) for e in found}) == len(found) == server.run(run.id)["steps"] == 4
    assert [e["step"] for e in found] == [1, 2, 3, 4]
    assert ["root" in e["body"]["scores"] for e in found] == [True, not within, False, True]
    assert [e["body"].get("failures", []) for e in found] == [[], [], ["generic"], []]


def test_episodes_of_one_name_are_distinct(server: ApiServer, run: gauntlet.Run) -> None:
    for _ in range(2):
        env = watch_environment(Walk())
        env.reset(episode_id="game")
        while not env.step(Action()).done:
            pass
    run.finish()
    found = server.events(run.id, "snapshot.scored")
    assert len({(e["step"], e["episode"]) for e in found}) == len(found) == server.run(run.id)["steps"] == 6
    assert server.run(run.id)["episodes"] == 2


@pytest.mark.parametrize("kind", [Walk, AsyncWalk])
def test_asynchronous_steps_are_recorded_once_each(
    server: ApiServer, run: gauntlet.Run, kind: type[Walk]
) -> None:
    async def play() -> None:
        env = watch_environment(kind())
        await env.reset_async()
        while not (await env.step_async(Action())).done:
            pass

    asyncio.run(play())
    run.finish()
    assert [s["step"] for s in server.events(run.id, "snapshot.scored")] == [1, 2, 3]


def test_a_client_of_an_environment_elsewhere_is_watched_too(server: ApiServer, run: gauntlet.Run) -> None:
    class Client:
        """As EnvClient: what it answers holds the observation."""

        async def reset(self, **_: Any) -> StepResult[str]:
            return StepResult(observation="a door")

        async def step(self, action: str, **_: Any) -> StepResult[str]:
            return StepResult(observation=f"you {action}", reward=1.5, done=True)

    async def play() -> None:
        client = watch_environment(Client())
        await client.reset()
        await client.step("knock")

    asyncio.run(play())
    run.finish()
    [snapshot] = server.events(run.id, "snapshot.scored")
    assert snapshot["body"]["scores"] == {"root": 1.5}
    assert (snapshot["body"]["action"], snapshot["body"]["observation"]) == ("knock", "you knock")


def test_it_begins_a_run_where_there_is_none(server: ApiServer) -> None:
    env = watch_environment(Walk())
    env.reset()
    env.step(Action())
    run = gauntlet.current_run()
    assert run is not None
    run.finish()
    assert len(server.events(run.id, "snapshot.scored")) == 1


def test_nothing_it_does_reaches_the_loop(run: gauntlet.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug of ours")

    env = watch_environment(Walk())
    env.reset()
    monkeypatch.setattr(Journal, "rollout", broken)
    assert [env.step(Action()).reward for _ in range(3)] == [None, 2.0, 3.0]
    assert run.stats["errors"] == 3
