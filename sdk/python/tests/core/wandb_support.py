"""What the tests of ``import gauntlet as wandb`` share: the stored events of a run, by step and by name."""

from __future__ import annotations

from typing import Any

import gauntlet
from gauntlet.client import Client

from .support import Server

wandb: Any = gauntlet


def files(server: Server, run: str) -> dict[str, tuple[int | None, str, bytes]]:
    """The step, the role and the content of each file, by its name."""
    client, found = Client(server.url), {}
    for event in server.events(run, "artifact.added"):
        body = event["body"]
        content = client.request("GET", f"/runs/{run}/artifacts/{body['sha256']}")
        found[body["name"]] = (event.get("step"), body["role"], content)
    return found


def scores(server: Server, run: str) -> dict[int, dict[str, float]]:
    """Everything that was logged, by step."""
    found: dict[int, dict[str, float]] = {}
    for event in server.events(run, "snapshot.scored"):
        found.setdefault(event["step"], {}).update(event["body"]["scores"])
    for event in server.events(run, "score.added"):
        found.setdefault(event["step"], {})[event["body"]["path"]] = event["body"]["value"]
    return found


def current() -> Any:
    """The current run."""
    return wandb.run


def summary(server: Server, run: str) -> dict[str, Any]:
    """The summary that the run ended with."""
    [finished] = server.events(run, "run.finished")
    found: dict[str, Any] = finished["body"].get("summary", {})
    return found
