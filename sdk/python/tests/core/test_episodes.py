"""Episodes and what an agent does in them, by hand and by `@gauntlet.observe`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest

import gauntlet

from .support import Server

#: Recorded steps of an episode that nobody scored, and what its node says was done and seen.
READING = json.loads((Path(__file__).parents[3] / "contract" / "reading.json").read_text())


@pytest.fixture
def run(server: Server) -> gauntlet.Run:
    return gauntlet.init(project="episodes", endpoint=server.url)


def recorded(server: Server, run: gauntlet.Run, *kinds: str) -> list[dict[str, Any]]:
    assert run.flush()
    assert run.stats["refused"] == 0
    assert run.stats.get("errors", 0) == 0
    return server.events(run.id, *(kinds or ("step.recorded",)))


def test_an_episode_from_beginning_to_end(server: Server, run: gauntlet.Run) -> None:
    with run.episode("triage", metadata={"split": "train"}) as episode:
        episode.message("user", "What is the rate?")
        episode.thought("I look it up.")
        episode.plan("look up, then answer")
        with episode.tool_call("lookup", {"query": "rate"}) as call:
            call.result = {"rate": 0.3}
        episode.observation("30%")
        episode.decision("answer", options=["answer", "ask"], reason="it is there")
        episode.reward(1.0)
        episode.reward(0.5)
        episode.rollout({"root": 1.5}, action="30%")
        episode.score("judge", 0.75)
        episode.artifact(b"log", "log.txt")
        episode.cost = 0.25
    (started,) = recorded(server, run, "episode.started")
    assert started["body"] == {"task": "triage", "metadata": {"split": "train"}}
    assert re.fullmatch(r"[0-9a-f]{32}", started["episode"])
    steps = recorded(server, run)
    assert [(e["step"], e["body"]["step_kind"]) for e in steps] == [
        (0, "message"), (1, "thought"), (2, "plan_update"), (3, "tool_call"), (4, "tool_result"),
        (5, "observation"), (6, "decision"), (7, "reward"), (8, "reward"),
    ]  # fmt: skip
    assert {e["episode"] for e in steps} == {started["episode"]}
    call, result = steps[3]["body"], steps[4]["body"]
    assert call["span_id"] == result["span_id"]
    assert call["payload"] == {"arguments": {"query": "rate"}}
    assert result["payload"] == {"result": {"rate": 0.3}}
    assert result["started_at"] == call["started_at"] <= result["ended_at"]
    assert steps[6]["body"]["payload"] == {
        "choice": "answer",
        "options": ["answer", "ask"],
        "reason": "it is there",
    }
    (ended,) = recorded(server, run, "episode.finished")
    assert ended["body"]["status"] == "completed"
    assert ended["body"]["return"] == 1.5
    assert ended["body"]["cost"] == 0.25
    assert ended["body"]["latency_ms"] > 0
    for kind in ("snapshot.scored", "score.added", "artifact.added"):
        (event,) = recorded(server, run, kind)
        assert event["episode"] == started["episode"]


def test_a_tool_that_fails_keeps_its_traceback(server: Server, run: gauntlet.Run) -> None:
    with pytest.raises(TimeoutError), run.episode("T", id="e1") as episode, episode.tool_call("lookup"):
        raise TimeoutError("no answer after 250 ms")
    result = recorded(server, run)[1]["body"]
    assert result["error"]["type"] == "TimeoutError"
    assert result["error"]["message"] == "no answer after 250 ms"
    assert "test_a_tool_that_fails" in result["error"]["traceback"]
    assert "result" not in result["payload"]
    (ended,) = recorded(server, run, "episode.finished")
    assert ended["body"]["status"] == "timed_out"
    assert ended["body"]["error"] == "TimeoutError: no answer after 250 ms"


def test_an_episode_without_a_score_has_a_node(server: Server, run: gauntlet.Run) -> None:
    with run.episode("T", id="plain") as episode:
        episode.message("user", "How often?")
        episode.message("assistant", "Twice a week.")
        episode.reward(0.5)
    with pytest.raises(ValueError, match="no such tool"), run.episode("T", id="broken"):
        raise ValueError("no such tool")
    with run.episode(id="judged") as episode:
        episode.thought("hm")
        run.rollout({"root": 2.0})
    with run.episode(id="empty"):
        pass
    plain, broken, judged = recorded(server, run, "snapshot.scored")
    assert (plain["episode"], plain["body"]["scores"]) == ("plain", {"root": 0.5})
    assert (plain["body"]["action"], plain["body"]["observation"]) == ("Twice a week.", "How often?")
    assert (broken["episode"], broken["body"]["failures"]) == ("broken", ["generic"])
    assert broken["body"]["action"] == "ValueError: no such tool"
    assert judged["body"]["scores"] == {"root": 2.0}
    assert [event["step"] for event in (plain, broken, judged)] == [0, 1, 2]


def test_tasks_do_not_mix_their_episodes(server: Server, run: gauntlet.Run) -> None:
    async def agent(n: int) -> None:
        async with run.episode(f"T{n}", id=f"e{n}") as episode:
            for i in range(5):
                async with episode.tool_call("tool", {"n": n}) as call:
                    await asyncio.sleep(0.001 * ((n + i) % 3))
                    call.result = n
                run.rollout({"root": float(n)}, step=i)
            async with run.episode(id=f"inner{n}"):
                run.log({"root": float(n)})

    async def main() -> None:
        await asyncio.gather(*(agent(n) for n in range(10)))

    asyncio.run(main())
    for event in recorded(server, run):
        payload = event["body"]["payload"]
        n = payload["arguments"]["n"] if "arguments" in payload else payload["result"]
        assert event["episode"] == f"e{n}"
    for event in recorded(server, run, "snapshot.scored"):
        n = int(event["body"]["scores"]["root"])
        assert event["episode"] in {f"e{n}", f"inner{n}"}
    by_episode: dict[str, list[int]] = {}
    for event in recorded(server, run):
        by_episode.setdefault(event["episode"], []).append(event["step"])
    assert all(steps == list(range(10)) for steps in by_episode.values())


def spans(events: list[dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    return {
        e["body"]["name"]: (e["body"]["span_id"], e["body"].get("parent_span_id"))
        for e in events
        if e["body"]["step_kind"] == "tool_call"
    }


def test_observed_functions_nest(server: Server, run: gauntlet.Run) -> None:
    @gauntlet.observe
    def inner(x: int, *, y: int = 2) -> int:
        return x + y

    @gauntlet.observe(name="outer")
    def outer(x: int) -> int:
        return inner(x, y=3) * 2

    with run.episode(id="e1") as episode:
        assert outer(1) == 8
        with episode.tool_call("by hand"):
            inner(5)
    events = recorded(server, run)
    outer_span, outer_parent = spans(events)["outer"]
    assert outer_parent is None
    inner_name = next(n for n in spans(events) if n.endswith("inner"))
    inners = [e["body"] for e in events if e["body"]["name"] == inner_name]
    assert inners[0]["parent_span_id"] == outer_span
    assert inners[0]["payload"] == {"arguments": {"x": 1, "y": 3}}
    assert inners[1]["payload"] == {"result": 4}
    assert inners[2]["parent_span_id"] == spans(events)["by hand"][0]
    assert {e["episode"] for e in events} == {"e1"}


def test_observed_async_functions_and_generators(server: Server, run: gauntlet.Run) -> None:
    @gauntlet.observe(name="fetch")
    async def fetch(n: int) -> int:
        await asyncio.sleep(0.001)
        return n * 2

    @gauntlet.observe(name="numbers")
    def numbers(n: int) -> Generator[int, str, list[str]]:
        received = []
        for i in range(n):
            received.append((yield i))  # noqa: PERF401
        return received

    @gauntlet.observe(name="stream")
    async def stream() -> AsyncIterator[int]:
        for i in range(30):
            yield await fetch(i)

    @gauntlet.observe(name="caller")
    def caller() -> None: ...

    async def main() -> None:
        assert list(await asyncio.gather(fetch(1), fetch(2))) == [2, 4]
        assert [i async for i in stream()] == [i * 2 for i in range(30)]

    asyncio.run(main())
    generator = numbers(2)
    assert next(generator) == 0
    caller()
    assert generator.send("a") == 1
    with pytest.raises(StopIteration) as end:
        generator.send("b")
    assert end.value.value == ["a", "b"]
    early = numbers(5)
    next(early)
    early.close()
    events = recorded(server, run)
    found = spans(events)
    assert found["caller"][1] is None, "a suspended generator is not a parent"
    results = {e["body"]["name"]: e["body"] for e in events if e["body"]["step_kind"] == "tool_result"}
    assert results["stream"]["payload"]["result"]["count"] == 30
    assert len(results["stream"]["payload"]["result"]["items"]) == 20
    assert results["numbers"]["payload"] == {"result": {"items": [0], "count": 1}}
    assert "error" not in results["numbers"]
    inside = [
        e["body"] for e in events if e["body"]["name"] == "fetch" and e["body"]["step_kind"] == "tool_call"
    ]
    assert sum(e.get("parent_span_id") == found["stream"][0] for e in inside) == 30


def test_an_observed_error_is_raised_again(server: Server, run: gauntlet.Run) -> None:
    @gauntlet.observe(name="bad")
    def bad(x: object) -> None:
        raise ValueError("no")

    class Unshowable:
        def __repr__(self) -> str:
            raise RuntimeError("not me")

    with pytest.raises(ValueError, match=r"^no$"):
        bad(Unshowable())
    with pytest.raises(TypeError):
        bad()  # type: ignore[call-arg]
    call, result, *_ = recorded(server, run)
    assert "cannot be shown" in call["body"]["payload"]["arguments"]["x"]
    assert result["body"]["error"]["type"] == "ValueError"


def test_an_observed_episode(server: Server, run: gauntlet.Run) -> None:
    class Agent:
        @gauntlet.observe(kind="episode", name="solve")
        async def solve(self, task: str) -> str:
            await self.look("x" * 100_000)
            return "done"

        @gauntlet.observe
        async def look(self, text: str) -> int:
            return len(text)

    assert asyncio.run(Agent().solve("T")) == "done"
    (started,) = recorded(server, run, "episode.started")
    assert started["body"]["task"] == "solve"
    call, result = recorded(server, run)
    assert call["episode"] == started["episode"]
    assert call["body"]["name"].endswith("Agent.look")
    assert len(call["body"]["payload"]["arguments"]["text"]) < 10_000
    assert result["body"]["payload"] == {"result": 100_000}


def test_outside_an_episode_a_call_belongs_to_the_step_under_way(server: Server, run: gauntlet.Run) -> None:
    @gauntlet.observe(name="reward")
    def reward(x: float) -> float:
        return x

    for i in range(2):
        run.log({"root": reward(float(i))}, step=i + 10)
    assert [e["step"] for e in recorded(server, run)] == [0, 0, 11, 11]


def test_observing_without_a_run_only_calls() -> None:
    @gauntlet.observe
    def double(x: int) -> int:
        """Doubles."""
        return 2 * x

    assert double(2) == 4
    assert double.__doc__ == "Doubles."
    with pytest.raises(ValueError, match="kind is"):
        gauntlet.observe(kind="dream")  # type: ignore[call-overload]


def test_the_node_of_an_unscored_episode_reads_as_the_shared_vectors(
    server: Server, run: gauntlet.Run
) -> None:
    for number, case in enumerate(READING):
        with run.episode(id=f"e{number}") as episode:
            for step in case["steps"]:
                episode.step(step["kind"], step["payload"])
    nodes = {e["episode"]: e["body"] for e in recorded(server, run, "snapshot.scored")}
    found = [(nodes[f"e{n}"]["action"], nodes[f"e{n}"]["observation"]) for n in range(len(READING))]
    assert found == [(case["action"], case["observation"]) for case in READING]
