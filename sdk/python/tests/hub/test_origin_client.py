"""A client of the observability hub works here with one variable changed: its snapshots, its waiting for a
person, its viewer, its comparisons and its search."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websockets

from ..core.conftest import Server
from . import origin_client as origin

STEPS = 40
ROOTS = [float(step % 7) - 3.0 for step in range(1, STEPS + 1)]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server().start()
    monkeypatch.setenv("GAUNTLET_HUB_URL", server.url)
    yield server
    server.close()


def scores(root: float) -> dict[str, float]:
    return {"root": root, "format": 1.0, "grounding": -20.0 if root < -2 else 5.0, "refusal": 0.0}


def train(session: str, run_type: str, shift: float = 0.0, task: str = "T1") -> origin.WebsocketSink:
    """One run of forty steps; every fifth answer is lost on its way back."""
    sink = origin.WebsocketSink(session, repeats=lambda step: step % 5 == 0)
    observer = origin.RubricObserver(sink, task, run_type)
    for root in ROOTS:
        action = f"the patient's dosage <{root}> & more" if root < -2 else "the answer is in the context"
        observer.on_evaluated(scores(root + shift), action, "the report")
    sink.flush()
    assert sink.failed == []
    return sink


def until(what: str, holds: Any, within_seconds: float = 15.0) -> Any:
    deadline = time.monotonic() + within_seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"timed out before {what}"
        time.sleep(0.05)
    return found


def test_snapshots_posted_from_threads_and_twice_are_there_once_by_step(hub: Server) -> None:
    assert origin.get("/health") == {"status": "healthy", "service": "observability_hub"}
    train("s1", "grpo")
    snapshots = origin.get("/gauntlet/data/s1")["snapshots"]
    assert [snapshot["step"] for snapshot in snapshots] == list(range(1, STEPS + 1))
    assert [snapshot["scores"]["root"] for snapshot in snapshots] == ROOTS
    # As it was sent: escaped once, by the client, and never again.
    failing = next(snapshot for snapshot in snapshots if snapshot["scores"]["root"] < -2)
    assert failing["metadata"]["action"] == "the patient&#x27;s dosage &lt;-3.0&gt; &amp; more"
    sessions = origin.get("/gauntlet/sessions")["sessions"]
    assert [(s["session_id"], s["step_count"]) for s in sessions] == [("s1", STEPS)]
    assert sessions[0]["metadata"]["run_type"] == "grpo"


def test_nothing_is_lost_while_the_hub_is_away_for_a_moment(hub: Server) -> None:
    sink = origin.WebsocketSink("s1")
    observer = origin.RubricObserver(sink, "T1", "grpo")
    for _ in range(5):
        observer.on_evaluated(scores(1.0), "a", "o")
    sink.flush()
    hub.kill()
    for _ in range(5):
        observer.on_evaluated(scores(2.0), "a", "o")
    until("a post has found the hub gone", lambda: sink.retries > 0)
    hub.start()
    sink.flush()
    assert sink.failed == []
    assert [s["step"] for s in origin.get("/gauntlet/data/s1")["snapshots"]] == list(range(1, 11))


def test_a_paused_client_gets_its_tweak_and_then_continues(hub: Server) -> None:
    observer = origin.RubricObserver(origin.WebsocketSink("s1"), "T1", "grpo")
    paused = threading.Thread(
        target=observer.on_evaluated, args=(scores(-20.0), "an invented claim", "o", True), daemon=True
    )
    paused.start()
    until("the paused step is there", lambda: origin.get("/gauntlet/data/s1")["snapshots"])
    snapshot = origin.get("/gauntlet/data/s1")["snapshots"][0]
    assert snapshot["is_paused"] is True
    assert snapshot["challenge"]["type"] == "HALLUCINATION_GUARD"
    url = f"{hub.url}/gauntlet/command/s1"
    # Both at once: neither may take the other's place.
    origin.call("POST", url, {"action": "TWEAK", "tweak": {"threshold": 0.5}}, 2.0)
    origin.call("POST", url, {"action": "RESUME"}, 2.0)
    paused.join(timeout=15.0)
    assert not paused.is_alive()
    assert observer.parameters == {"threshold": 0.5}
    assert origin.get("/gauntlet/command/s1") == {"action": "NONE"}


async def test_a_viewer_sees_every_snapshot_once(hub: Server) -> None:
    training = threading.Thread(target=train, args=("s1", "grpo"))
    address = hub.url.replace("http://", "ws://")
    async with websockets.connect(f"{address}/ws/gauntlet/s1") as viewer:
        await viewer.send("ping")
        training.start()
        steps: list[int] = []
        while len(steps) < STEPS:
            steps.append(json.loads(await asyncio.wait_for(viewer.recv(), 20.0))["step"])
    await asyncio.to_thread(training.join)
    assert sorted(steps) == list(range(1, STEPS + 1))
    async with websockets.connect(f"{address}/ws/gauntlet/s1") as late:
        frames = [json.loads(await asyncio.wait_for(late.recv(), 20.0)) for _ in range(STEPS)]
    assert [frame["step"] for frame in frames] == list(range(1, STEPS + 1))
    assert frames == origin.get("/gauntlet/data/s1")["snapshots"]


def test_two_sessions_of_a_task_are_compared(hub: Server) -> None:
    train("before", "sft")
    train("after", "grpo", shift=1.5)
    compared = origin.get("/gauntlet/comparison", sft_session="before", grpo_session="after")
    assert [pair["delta"] for pair in compared["pairs"]] == [1.5] * STEPS
    assert origin.get("/gauntlet/evolution/T1")["pairs"] == compared["pairs"]
    assert origin.get("/gauntlet/evolution/T2")["pairs"] == []


def test_posted_scores_are_found_and_reported(hub: Server) -> None:
    train("s1", "grpo")
    failing = [step for step, root in enumerate(ROOTS, 1) if root < -2]

    def search(query: str, **more: str) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = origin.get("/gauntlet/search", query=query, **more)["results"]
        return results

    found = until(
        "all is indexed", lambda: (r := search("patient's dosage")) and len(r) == len(failing) and r
    )
    assert sorted(result["step"] for result in found) == failing
    for result in found:
        assert result["session_id"] == "s1"
        assert result["search_type"] == "keyword"
        assert result["scores"]["grounding"] == -20.0
        assert 0.0 <= result["similarity"] <= 1.0
        assert result["metadata"]["action"].startswith("the patient&#x27;s dosage")
    by_stem = search("which dosages?", semantic="True")
    assert by_stem
    assert all(result["search_type"] == "expanded_keyword" for result in by_stem)
    assert len(search("context")) == 20

    context = origin.get("/gauntlet/rag", query="invented dosages of patients")["context"]
    assert context.count("Session s1, step ") == 5
    assert "hallucination" in context
    nothing = origin.get("/gauntlet/rag", query="zebra")
    assert nothing["context"] == "No relevant safety failures found in the Hub for this query."
