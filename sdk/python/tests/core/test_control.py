"""A person intervenes: pause, resume, tweak, stop, from outside the process."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

import gauntlet
from gauntlet.client import Client

from .support import Server, until


class Person:
    """A person at the browser."""

    def __init__(self, server: Server, run: gauntlet.Run) -> None:
        self._client = Client(server.url)
        self._run = run
        assert run.flush()

    def send(self, action: str, **parameters: Any) -> None:
        order = {"action": action, "parameters": parameters, "author": "dana"}
        self._client.request(
            "POST", f"/runs/{self._run.id}/commands", json.dumps(order).encode(), "application/json"
        )

    def results(self) -> list[str]:
        assert self._run.flush()
        page = self._client.events(self._run.id, limit=5000)
        return [e["body"]["result"] for e in page["events"] if e["kind"] == "command.applied"]

    def status(self) -> str:
        return str(self._client.run(self._run.id)["status"])


@pytest.fixture
def run(server: Server) -> gauntlet.Run:
    return gauntlet.init(project="control", endpoint=server.url)


def test_commands_come_in_order_until_they_are_acknowledged(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    assert run.commands() == []
    person.send("pause")
    person.send("tweak", lr=0.1)
    (pause, *_) = until(run.commands)
    until(lambda: len(run.commands()) == 2)
    pause.ack("seen")
    (tweak,) = run.commands()
    assert (tweak.action, tweak.parameters, tweak.author) == ("tweak", {"lr": 0.1}, "dana")
    tweak.ack()
    tweak.ack("twice")
    assert run.commands() == []
    assert person.results() == ["seen", "ok"]
    assert Client(server.url).commands(run.id) == []


def test_a_checkpoint_is_quick_while_there_is_no_command(server: Server, run: gauntlet.Run) -> None:
    assert [run.checkpoint() for _ in range(10_000)] == ["continue"] * 10_000
    assert server.events(run.id, "run.status") == [] if run.flush() else False


def test_pause_tweak_resume(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    settings = {"lr": 0.5, "steps": 10, "shuffle": True, "name": "x"}
    seen: list[tuple[int, float]] = []
    enough = threading.Event()

    def loop() -> None:
        step = 0
        while not enough.is_set():
            assert run.checkpoint(tweak=settings) == "continue"
            seen.append((step, settings["lr"]))  # type: ignore[arg-type]
            step += 1
            time.sleep(0.005)

    thread = threading.Thread(target=loop)
    thread.start()
    person.send("pause")
    until(lambda: person.status() == "paused")
    count_when_paused = len(seen)
    person.send("tweak", lr=1, steps=20)
    person.send("tweak", lr=2, nothing=1)
    person.send("tweak", shuffle=1)
    person.send("tweak", steps="many")
    until(lambda: len(person.results()) == 5)
    assert len(seen) == count_when_paused
    person.send("resume")
    until(lambda: len(seen) > count_when_paused + 5)
    enough.set()
    thread.join()
    assert person.results() == [
        "paused",
        "set lr = 1.0, steps = 20",
        "refused: there is no parameter 'nothing'; there are lr, steps, shuffle, name",
        "refused: shuffle is a bool; 1 is not",
        "refused: steps is a int; 'many' is not",
        "resumed",
    ]
    assert settings == {"lr": 1.0, "steps": 20, "shuffle": True, "name": "x"}
    assert person.status() == "running"
    assert seen[-1][1] == 1.0


def test_a_pause_without_a_resume_times_out(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    run.commands()
    person.send("pause")
    until(run.commands)
    began = time.monotonic()
    assert run.checkpoint(timeout=0.4) == "continue"
    assert time.monotonic() - began >= 0.4
    until(lambda: person.status() == "running")


def test_stop_is_returned_or_raised(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    for raises in (False, True):
        run.commands()
        person.send("stop")
        until(run.commands)
        if raises:
            with pytest.raises(gauntlet.Stopped, match="dana"):
                run.checkpoint(raise_on_stop=True)
        else:
            assert run.checkpoint() == "stop"
    assert person.results() == ["stopping", "stopping"]


def test_a_tweak_by_function(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    got: list[dict[str, Any]] = []

    def tweak(parameters: dict[str, Any]) -> None:
        if "bad" in parameters:
            raise ValueError("bad is not allowed")
        got.append(parameters)

    run.commands()
    person.send("tweak", lr=0.25)
    person.send("tweak", bad=1)
    until(lambda: len(run.commands()) == 2)
    assert run.checkpoint(tweak=tweak) == "continue"
    run.commands()
    person.send("tweak", lr=1)
    until(run.commands)
    run.checkpoint()
    assert got == [{"lr": 0.25}]
    assert person.results() == ["set lr", "refused: bad is not allowed", "refused: this loop takes no tweaks"]


def test_other_tasks_run_while_one_is_paused(server: Server, run: gauntlet.Run) -> None:
    person = Person(server, run)
    run.commands()
    person.send("pause")
    until(run.commands)
    ticks = 0

    async def main() -> str:
        nonlocal ticks
        paused = asyncio.create_task(run.acheckpoint(timeout=20))
        while not paused.done():
            ticks += 1
            if ticks == 20:
                await asyncio.to_thread(person.send, "resume")
            await asyncio.sleep(0.01)
        return await paused

    assert asyncio.run(main()) == "continue"
    assert ticks >= 20
    assert person.results() == ["paused", "resumed"]


def test_a_monitor_with_an_action_stops_the_loop(server: Server) -> None:
    monitor = {"rule": "last(loss) > 3", "action": "stop"}
    Client(server.url).request(
        "PUT", "/projects/watched/monitors/loss", json.dumps(monitor).encode(), "application/json"
    )
    with gauntlet.init(project="watched", endpoint=server.url) as run:
        run.log({"loss": 1.0}, step=0)
        assert run.flush()
        assert run.checkpoint() == "continue"
        run.log({"loss": 5.0}, step=1)
        until(lambda: run.checkpoint() == "stop")
    (issued,) = server.events(run.id, "command.issued")
    assert (issued["body"]["action"], issued["body"]["author"]) == ("stop", "monitor loss")
    (applied,) = server.events(run.id, "command.applied")
    assert applied["body"]["result"] == "stopping"


def test_commands_survive_a_server_that_restarts(
    stoppable_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    stoppable_server.start()
    run = gauntlet.init(endpoint=stoppable_server.url)
    run.commands()
    person = Person(stoppable_server, run)
    stoppable_server.kill()
    until(lambda: "commands cannot be fetched" in caplog.text)
    stoppable_server.start()
    person.send("pause")
    (pause,) = until(run.commands)
    stoppable_server.kill()
    pause.ack("noted while it was away")
    stoppable_server.start()
    assert run.flush(20)
    assert person.results() == ["noted while it was away"]
    run.finish()
