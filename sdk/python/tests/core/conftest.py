"""A real server for each test module, and a spool of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import gauntlet

from .support import Server

__all__ = ["Server"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that the tests of a module share."""
    server = Server()
    yield server.start()
    server.close()


@pytest.fixture
def stoppable_server() -> Iterator[Server]:
    """A server that the test may kill; not started yet, its port known."""
    server = Server()
    yield server.reserve()
    server.close()


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Nothing of the person who runs the tests: a spool of the test's own, no settings. Ends runs left
    open."""
    for name in list(os.environ):
        if (name.startswith(("GAUNTLET_", "OTEL_", "WANDB_"))) and name != "GAUNTLET_BIN":
            monkeypatch.delenv(name)
    spool = tmp_path / "spool"
    monkeypatch.setenv("GAUNTLET_SPOOL", str(spool))
    monkeypatch.setenv("GAUNTLET_FINISH_SECONDS", "20")
    yield spool
    while (run := gauntlet.current_run()) is not None:
        run.finish()
