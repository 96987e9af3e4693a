"""Bad input never raises into the loop: the rest is recorded, and what is left out is reported by name."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gauntlet
from gauntlet.episodes import Episode, ToolCall
from gauntlet.events import Challenge
from gauntlet.journal import Journal

from .support import Server, until


class Hostile:
    """An object that answers every question with an error."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError("no attribute")

    def __iter__(self) -> Any:
        raise RuntimeError("no items")

    def __bool__(self) -> bool:
        raise RuntimeError("neither true nor false")


class BrokenMapping(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        raise RuntimeError("no items")

    def values(self) -> Any:
        raise RuntimeError("no values")


JUNK = [
    None, "text", "", b"bytes", 0, -1, 2**70, 1.5, math.nan, math.inf, True, [], ["a", 1], (1, {2}), {},
    {"a": {}},
    {1: 2}, {"a": "b"}, object(), int, len, "\ud800 half a character", "a" * 5000, Hostile(),
    BrokenMapping(a=1.0),
]  # fmt: skip


def recording(run: gauntlet.Run, episode: Episode) -> list[Callable[..., Any]]:
    """Every method that records something."""
    of_run = [getattr(run, name) for name in vars(Journal) if hasattr(run, name) and not name.startswith("_")]
    beginning_and_end = {
        "announce",
        "begin",
        "cancel",
        "enter",
        "finish",
        "leave",
        "next_step",
        "note",
        "start",
    }
    of_episode = [
        getattr(episode, name)
        for name in vars(Episode)
        if not name.startswith("_") and name not in beginning_and_end
    ]

    def tool(arguments: Any) -> None:
        with run.episode("tools").tool_call("search", arguments) as call:
            call.result = arguments

    def observed(value: Any) -> None:
        with run.episode(value, metadata=value) as one:
            one.return_ = one.cost = value

    assert isinstance(episode.tool_call("t"), ToolCall)
    return [*of_run, *of_episode, tool, observed]


def test_no_value_in_any_place_raises(server: Server) -> None:
    run = gauntlet.init(endpoint=server.url)
    episode = run.episode("task").start()
    episode.leave()
    for method in recording(run, episode):
        names = [p.name for p in inspect.signature(method).parameters.values() if p.kind is not p.VAR_KEYWORD]
        good = {
            "scores": {"a": 1.0},
            "values": {"a": 1.0},
            "path": "p",
            "value": 1.0,
            "content": "c",
            "name": "n",
        }
        for name in names:
            for junk in JUNK:
                needed = {
                    p.name: good.get(p.name, "x")
                    for p in inspect.signature(method).parameters.values()
                    if p.default is p.empty and p.kind is not p.VAR_KEYWORD
                }
                method(**{**needed, name: junk})
    run.log({"root": 7.0}, step=123_456)
    assert not run.flush(60), "calls that could not be kept are lost"
    until(lambda: run.stats["spooled"] == 0, 60)
    assert [
        e["body"]["scores"] for e in server.events(run.id, "snapshot.scored") if e.get("step") == 123_456
    ][0] == {"root": 7.0}
    run.finish(summary=Hostile())  # type: ignore[arg-type]
    assert server.run(run.id)["status"] == "completed"


def test_a_call_that_cannot_be_recorded_is_counted_with_its_reason(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "gauntlet"), gauntlet.init(endpoint=server.url) as run:
        run.log(0.5)  # type: ignore[arg-type]
        run.rollout({"root": 1.0}, step="three")  # type: ignore[arg-type]
        wrong: Any = ["wrong"]
        run.rollout({"root": 1.0}, failures=wrong, not_evaluated="synthesis", step=1)
    assert (
        "a call of log is left out: the scores are 0.5; they must be a mapping of names to numbers"
        in caplog.text
    )
    assert "a call of rollout is left out: the step is 'three'; it must be a whole number" in caplog.text
    assert "the failure 'wrong' is none of hallucination, format" in caplog.text
    assert run.stats["skipped_values"] == 2
    assert run.stats["refused"] == 0
    (stored,) = server.events(run.id, "snapshot.scored")
    assert (stored["body"]["failures"], stored["body"]["not_evaluated"]) == (["generic"], ["synthesis"])


def test_a_step_may_be_an_integral_float(server: Server) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        run.log({"root": 1.0}, step=3.0)  # type: ignore[arg-type]
        run.log({"root": 2.0})
    assert [e["step"] for e in server.events(run.id, "snapshot.scored")] == [3, 4]


def test_a_run_cannot_end_as_what_it_is_not(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    run = gauntlet.init(endpoint=server.url)
    with caplog.at_level(logging.WARNING, "gauntlet"):
        run.finish("running")  # type: ignore[arg-type]
    assert "a run cannot end as 'running', only as one of completed, failed" in caplog.text
    assert server.run(run.id)["status"] == "completed"


def test_an_episode_ends_once(server: Server) -> None:
    with gauntlet.init(endpoint=server.url) as run:
        with run.episode("task") as episode:
            episode.reward(1.0)
            episode.finish()
        with pytest.raises(KeyError), run.episode("task") as other:
            other.challenge = Challenge("t", "q")  # type: ignore[attr-defined]
            raise KeyError("x")
    ended = [e["body"]["status"] for e in server.events(run.id, "episode.finished")]
    assert ended == ["completed", "failed"]


@dataclasses.dataclass
class Config:
    learning_rate: float = 0.5
    path: Path = Path("/data")


@pytest.mark.parametrize("config", [Config(), argparse.Namespace(learning_rate=0.5, path=Path("/data"))])
def test_settings_may_be_an_object_with_attributes(server: Server, config: Any) -> None:
    with gauntlet.init(endpoint=server.url, config=config, tags="baseline") as run:
        pass
    stored = server.run(run.id)
    assert stored["tags"] == ["baseline"]
    assert stored["config"] == {"learning_rate": 0.5, "path": str(config.path.__repr__())}


@pytest.mark.parametrize(
    "endpoint", ["ftp://host", "http://", "http://host:port", "http://host:99999", "https:///x"]
)
def test_an_address_that_is_none_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(ValueError, match="must be an http or https address"):
        gauntlet.init(endpoint=endpoint)
    with pytest.raises(ValueError, match="must be an http or https address"):
        gauntlet.ServerSink(endpoint)
    assert gauntlet.current_run() is None
