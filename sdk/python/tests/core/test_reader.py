"""Recorded runs are read back as tables."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas  # type: ignore[import-untyped]
import pytest

import gauntlet
from gauntlet.errors import ApiError

from .support import Server


@pytest.fixture(scope="module")
def recorded(server: Server) -> str:
    run = gauntlet.init(id="recorded", endpoint=server.url)
    text = 'a "long" text,\n' * 20_000
    run.rollout({"root": 0.5, "format.tags": 1.0}, step=1, episode="a", action=text)
    run.rollout({"root": -1.0}, step=1, episode="b", failures=["format"])
    run.score("style", 0.25, step=1, episode="a", source="judge")
    run.score("root", 0.75, step=1, episode="a", source="judge")
    with run.episode("a task", id="c"):
        run.rollout({"root": 0.0}, step=2)
    run.finish()
    return run.id


SCORES = [
    {"episode": "a", "step": 1, "path": "root", "value": 0.75},
    {"episode": "a", "step": 1, "path": "format.tags", "value": 1.0},
    {"episode": "a", "step": 1, "path": "style", "value": 0.25},
    {"episode": "b", "step": 1, "path": "root", "value": -1.0},
    {"episode": "c", "step": 2, "path": "root", "value": 0.0},
]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["episode"], row["path"]))


def test_tables_without_a_library_are_lists_of_dicts(server: Server, recorded: str) -> None:
    run = gauntlet.open(recorded, endpoint=server.url, tables="dicts")
    assert in_order(run.scores()) == in_order(SCORES)
    steps = [(row["episode"], row["step"], row["root"], row["failure"]) for row in run.steps()]
    assert steps == [("a", 1, 0.75, None), ("b", 1, -1.0, "format"), ("c", 2, 0.0, None)]
    episodes = {row["episode"]: row for row in run.episodes()}
    assert sorted(episodes) == ["a", "b", "c"]
    assert (episodes["c"]["task"], episodes["c"]["status"], episodes["c"]["steps"]) == (
        "a task",
        "completed",
        1,
    )


def test_every_page_of_a_list_is_read(server: Server, recorded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gauntlet.reader._PAGE", 1)
    run = gauntlet.open(recorded, endpoint=server.url, tables="dicts")
    assert [row["episode"] for row in run.steps()] == ["a", "b", "c"]
    assert sorted(row["episode"] for row in run.episodes()) == ["a", "b", "c"]


def test_tables_are_of_pandas_where_it_is_installed(server: Server, recorded: str) -> None:
    scores = gauntlet.open(recorded, endpoint=server.url).scores()
    assert isinstance(scores, pandas.DataFrame)
    assert in_order(scores.to_dict("records")) == in_order(SCORES)


def test_polars_is_used_where_it_is_asked_for_or_alone(
    server: Server, recorded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    polars: Any = ModuleType("polars")
    polars.DataFrame = lambda columns: SimpleNamespace(columns=columns)
    polars.__spec__ = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "polars", polars)
    asked = gauntlet.open(recorded, endpoint=server.url, tables="polars")
    assert asked.steps().columns["step"] == [1, 1, 2]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "polars" or None)
    assert gauntlet.open(recorded, endpoint=server.url).steps().columns["episode"] == ["a", "b", "c"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert isinstance(gauntlet.open(recorded, endpoint=server.url).steps(), list)


def test_a_run_without_scores_has_tables_with_columns(server: Server) -> None:
    gauntlet.init(id="empty", endpoint=server.url).finish()
    run = gauntlet.open("empty", endpoint=server.url, tables="pandas")
    assert list(run.scores().columns) == ["episode", "step", "path", "value"]
    assert len(run.steps()) == len(run.episodes()) == 0


def test_what_cannot_be_opened_is_named(server: Server) -> None:
    with pytest.raises(ApiError, match='there is no run "unknown"'):
        gauntlet.open("unknown", endpoint=server.url)
    with pytest.raises(ValueError, match="tables is 'excel'; it must be one of auto, pandas, polars, dicts"):
        gauntlet.open("recorded", endpoint=server.url, tables="excel")  # type: ignore[arg-type]
