"""Reads a recorded run back: its scores, episodes and steps as tables.

>>> import gauntlet
>>> run = gauntlet.open("my-run")
>>> run.scores()  # a pandas.DataFrame where pandas is installed
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from html import escape
from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

from . import notebook
from .client import Client

__all__ = ["RunReader", "Tables", "library_of", "query"]

#: What tables are returned as; ``auto`` is the first of pandas and polars that is installed, else ``dicts``.
Tables = Literal["auto", "pandas", "polars", "dicts"]

#: Rows that are requested at a time, the most that the server returns.
_PAGE = 500
#: The longest cell of an export, bytes: more than any text that an event may hold.
_LONGEST_CELL = 1 << 26
#: How long an export may take, seconds.
_EXPORT_SECONDS = 600.0


class RunReader:
    """A recorded run. Each method requests the current state, so that it can be called while the run goes on.

    Later scores are applied: a row has the scores that count now.
    """

    def __init__(self, client: Client, run: str, library: Any) -> None:
        self.id = run
        self._client = client
        self._library = library

    def __repr__(self) -> str:
        return f"gauntlet.open({self.id!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: a link to the run, its totals, and its page in a frame where the server
        allows that."""
        return self._html()

    def show(self, height: int | None = None) -> bool:
        """As :meth:`gauntlet.Run.show`."""
        return notebook.display(self._html(height), self._url)

    @property
    def _url(self) -> str:
        return f"{self._client.endpoint}/runs/{quote(self.id, safe='')}"

    def _html(self, height: int | None = None) -> str:
        with closing(self._client) as client:
            run = client.run(self.id)
            url, name = self._url, run["name"]
            frame = notebook.frame(client, url, name, notebook.HEIGHT if height is None else height)
        mean = "" if run["mean_root"] is None else f"{run['mean_root']:.4g}"
        totals = {
            "status": run["status"],
            "steps": run["steps"],
            "episodes": run["episodes"],
            "failing": run["failing"],
            "mean root": mean,
        }
        head = "".join(f"<th>{name}</th>" for name in totals)
        cells = "".join(f"<td>{escape(str(value))}</td>" for value in totals.values())
        table = f"<table><tr>{head}</tr><tr>{cells}</tr></table>"
        return f"<div>{notebook.link(url, name, run['project'])}{table}{frame}</div>"

    def scores(self) -> Any:
        """One row for each score of a step: ``episode`` (``None`` without one), ``step``, ``path`` and
        ``value``."""
        rows: list[dict[str, Any]] = []
        for record in self._scored_steps():
            step = {"episode": record["episode"] or None, "step": int(record["step"])}
            for column, value in record.items():
                path = column.removeprefix("score.")
                if value and (column == "root" or path != column):
                    rows.append({**step, "path": path, "value": float(value)})
        return self._table(rows, ["episode", "step", "path", "value"])

    def steps(self) -> Any:
        """One row for each scored step of an episode: ``episode``, ``step``, ``root``, ``failure`` (the
        worst, ``None`` where it passed) and ``seq`` (where its snapshot is in the log)."""
        return self._table(self._pages("steps"), ["episode", "step", "root", "failure", "seq"])

    def episodes(self) -> Any:
        """One row for each episode: ``episode``, ``task``, ``status``, ``started_at``, ``finished_at`` (ISO
        8601 texts), ``return``, ``latency_ms``, ``cost``, ``error``, ``steps``, ``failing`` and
        ``mean_root``."""
        columns = ["episode", "task", "status", "started_at", "finished_at", "return", "latency_ms", "cost"]
        return self._table(self._pages("episodes"), [*columns, "error", "steps", "failing", "mean_root"])

    def _table(self, rows: list[dict[str, Any]], columns: list[str]) -> Any:
        return _table_of(self._library, columns, [[row.get(name) for name in columns] for row in rows])

    def _pages(self, what: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": _PAGE}
        with closing(self._client) as client:
            while True:
                answer = client.request("GET", f"/runs/{quote(self.id, safe='')}/{what}?{urlencode(query)}")
                page = json.loads(answer)
                rows += page["items"]
                if page["next_cursor"] is None:
                    return rows
                query["cursor"] = page["next_cursor"]

    def _scored_steps(self) -> Iterator[dict[str, str]]:
        # The limit belongs to the process; it is only ever raised.
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
        with closing(self._client) as client:
            path = f"/runs/{quote(self.id, safe='')}/export?format=csv"
            text = client.request("GET", path, timeout=_EXPORT_SECONDS).decode("utf-8-sig")
        yield from csv.DictReader(io.StringIO(text, newline=""))


def query(client: Client, library: Any, statement: str, runs: Sequence[str], limit: int, seconds: int) -> Any:
    """The rows that a SELECT finds, as a table; warns where there are more than ``limit``."""
    asked = {"sql": statement, "runs": list(runs), "limit": limit, "seconds": seconds}
    with closing(client):
        answer = json.loads(
            client.request(
                "POST", "/sql", json.dumps(asked).encode(), "application/json", timeout=seconds + 30.0
            )
        )
    if answer["truncated"]:
        warnings.warn(f"the first {len(answer['rows'])} rows; there are more (limit=)", stacklevel=3)
    return _table_of(library, answer["columns"], answer["rows"])


def _table_of(library: Any, columns: list[str], rows: list[list[Any]]) -> Any:
    if library is None:
        return [dict(zip(columns, row, strict=True)) for row in rows]
    # By column, so that a table without rows has its columns as well.
    return library.DataFrame({name: [row[at] for row in rows] for at, name in enumerate(columns)})


def library_of(tables: Tables) -> Any:
    """The module whose ``DataFrame`` is returned; ``None`` for dicts."""
    if tables not in get_args(Tables):
        raise ValueError(f"tables is {tables!r}; it must be one of {', '.join(get_args(Tables))}")
    if tables == "auto":
        tables = next((name for name in ("pandas", "polars") if importlib.util.find_spec(name)), "dicts")
    return None if tables == "dicts" else importlib.import_module(tables)
