"""A real server for the tests of this folder, and a reader of its runs."""

from __future__ import annotations

import importlib.util
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gauntlet

from ..core.support import Server

#: verl, with whose packages Ray is installed, does not take every Python; see scripts/python.sh.
collect_ignore = [] if importlib.util.find_spec("verl") else ["test_ray.py", "test_verl_package.py"]


class ApiServer(Server):
    """The server, and what it keeps, by the paths of its API."""

    def get(self, path: str) -> Any:
        """A GET of the API."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}") as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> Any:
        """A POST to the API."""
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def runs(self) -> list[dict[str, Any]]:
        """Every run, the newest first."""
        found: list[dict[str, Any]] = self.get("runs?limit=100")["items"]
        return found

    def curve(self, run: str, path: str) -> list[Any]:
        """The points of a rubric's or a metric's history."""
        found: list[Any] = self.get(f"runs/{run}/series?path={path}")["points"]
        return found


@pytest.fixture(scope="session")
def server() -> Iterator[ApiServer]:
    """The server, for the whole session: each test has its own runs on it."""
    server = ApiServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def surroundings(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs begun in a test go to that server, spool in a folder of the test, and end with it."""
    monkeypatch.setenv("GAUNTLET_ENDPOINT", server.url)
    monkeypatch.setenv("GAUNTLET_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("GAUNTLET_QUIET", "1")
    yield
    while (run := gauntlet.current_run()) is not None:
        run.finish()


@pytest.fixture
def run(surroundings: None, request: pytest.FixtureRequest) -> gauntlet.Run:
    """A run for the test, named after it."""
    return gauntlet.init(project="tests", name=request.node.name)
