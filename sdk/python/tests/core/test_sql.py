"""SELECTs over recorded runs as tables."""

from __future__ import annotations

import warnings
from typing import Any

import gauntlet

from .support import Server

SCORES = "select episode, step, path, value from scores order by step, episode, path"
ROWS = [
    {"episode": "a", "step": 1, "path": "format.tags", "value": 1.0},
    {"episode": "a", "step": 1, "path": "root", "value": 0.75},
    {"episode": "b", "step": 2, "path": "root", "value": -1.0},
]


def recorded(server: Server, name: str) -> str:
    """A run with two scored steps, one of which has a later score."""
    run = gauntlet.init(id=name, endpoint=server.url)
    run.rollout({"root": 0.5, "format.tags": 1.0}, step=1, episode="a")
    run.rollout({"root": -1.0}, step=2, episode="b")
    run.score("root", 0.75, step=1, episode="a", source="judge")
    run.finish()
    return run.id


def refusal(server: Server, statement: str) -> str:
    """The server's words for a statement that it refuses."""
    try:
        gauntlet.sql(statement, endpoint=server.url)
    except gauntlet.ApiError as error:
        return str(error)
    return ""


def test_a_select_is_answered_as_a_table(server: Server) -> None:
    """Lists of dicts or pandas, with later scores applied."""
    run = recorded(server, "asked")
    assert gauntlet.sql(SCORES, run, endpoint=server.url, tables="dicts") == ROWS
    table: Any = gauntlet.sql(SCORES, [run], endpoint=server.url, tables="pandas")
    assert type(table).__name__ == "DataFrame"
    assert table.to_dict("records") == ROWS
    empty = gauntlet.sql("select step from steps where step > 9", endpoint=server.url, tables="pandas")
    assert list(empty.columns) == ["step"]
    assert "only SELECT is allowed" in refusal(server, "delete from runs")


def test_rows_that_are_missing_are_a_warning(server: Server) -> None:
    """The answer has the first rows, and the warning says that there are more."""
    run = recorded(server, "long")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert gauntlet.sql(SCORES, run, limit=2, endpoint=server.url, tables="dicts") == ROWS[:2]
    messages = [str(warning.message) for warning in caught]
    assert "the first 2 rows; there are more (limit=)" in messages
