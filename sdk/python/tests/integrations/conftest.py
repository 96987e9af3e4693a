"""A real server for the tests of this folder, and what it kept of a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gauntlet
import pytest
from gauntlet import context

READY_WITHIN_SECONDS = 15.0


class Server:
    """The binary under test with a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        log = folder / "log"
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [os.environ["GAUNTLET_BIN"], "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data")],
                stdout=output,
                stderr=output,
            )
        ends = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < ends and self.process.poll() is None:
            ready = re.search(r"ready at (http://\S+)", log.read_text())
            if ready:
                self.url = ready.group(1)
                return
            time.sleep(0.02)
        raise AssertionError(f"the server did not become ready: {log.read_text()}")

    def get(self, path: str) -> Any:
        """A GET of the API."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}") as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        """A POST to the API."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/{path}",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the newest first."""
        found: list[dict[str, Any]] = self.get("runs?limit=100")["items"]
        return found

    def events(self, run: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Everything the log has of a run, or one kind of it."""
        found: list[dict[str, Any]] = []
        page = self.get(f"runs/{run}/events?limit=1000")
        while page["events"]:
            found += page["events"]
            page = self.get(f"runs/{run}/events?limit=1000&after={page['next_after']}")
        return [event for event in found if kind is None or event["kind"] == kind]

    def curve(self, run: str, path: str) -> list[Any]:
        """The points of a rubric's or a metric's history."""
        found: list[Any] = self.get(f"runs/{run}/series?path={path}")["points"]
        return found


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server, for the whole session: each test has its own runs on it."""
    with tempfile.TemporaryDirectory(prefix="gauntlet-") as folder:
        started = Server(Path(folder))
        try:
            yield started
        finally:
            started.process.terminate()
            started.process.wait(15)


@pytest.fixture(autouse=True)
def _surroundings(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs begun in a test go to that server, spool in a folder of the test, and end with it."""
    monkeypatch.setenv("GAUNTLET_ENDPOINT", server.url)
    monkeypatch.setenv("GAUNTLET_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("GAUNTLET_QUIET", "1")
    yield
    while (run := context.current_run()) is not None:
        run.finish()


@pytest.fixture
def run(_surroundings: None, request: pytest.FixtureRequest) -> gauntlet.Run:
    """A run for the test, named after it."""
    return gauntlet.init(project="tests", name=request.node.name)
