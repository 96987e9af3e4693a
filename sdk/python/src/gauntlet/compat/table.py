"""``wandb.Table``: rows under named columns, stored as one JSON file."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .media import Blob, Logged, blobs_of, is_media
from .plain import Structured, plain

__all__ = ["Table"]


class Table(Logged, Structured):
    """Rows under named columns. Cells may hold images and other media: their files are stored beside the
    table."""

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = None,
    ) -> None:
        data = rows if data is None else data
        if dataframe is None and hasattr(data, "columns") and hasattr(data, "itertuples"):
            dataframe, data = data, None
        if dataframe is not None:
            columns = list(dataframe.columns) if columns is None else columns
            data = [list(row) for row in dataframe.itertuples(index=False, name=None)]
        elif data is not None and hasattr(data, "tolist"):
            data = data.tolist()
        self.data: list[list[Any]] = [list(row) for row in data or ()]
        if columns is None:
            width = max(map(len, self.data), default=3)
            columns = ["Input", "Output", "Expected"] if width == 3 else [str(i) for i in range(width)]
        self.columns: list[Any] = list(columns)

    def add_data(self, *row: Any) -> None:
        """Adds a row. One that is shorter or longer than the columns is not changed."""
        self.data.append(list(row))

    def add_row(self, *row: Any) -> None:
        """As :meth:`add_data`, which has taken its place."""
        self.add_data(*(row[0] if len(row) == 1 and isinstance(row[0], list | tuple) else row))

    def add_column(self, name: Any, data: Any, optional: bool = False) -> None:
        """Adds a column."""
        values = list(data)
        self.columns.append(name)
        while len(self.data) < len(values):
            self.data.append([None] * (len(self.columns) - 1))
        for row, value in zip(self.data, values, strict=False):
            row.append(value)

    def add_computed_columns(self, function: Callable[..., Mapping[str, Any]]) -> None:
        """Adds columns that ``function(index, row)`` works out of each row."""
        found: dict[str, list[Any]] = {}
        for i, row in enumerate(self.data):
            for name, value in function(i, dict(zip(self.columns, row, strict=False))).items():
                found.setdefault(name, []).append(value)
        for name, values in found.items():
            self.add_column(name, values)

    def get_column(self, name: Any, convert_to: str | None = None) -> Any:
        """A column's values."""
        place = self.columns.index(name)
        values = [row[place] if place < len(row) else None for row in self.data]
        if convert_to == "numpy":
            import numpy

            return numpy.array(values)
        return values

    def get_index(self) -> list[int]:
        """The numbers of the rows."""
        return list(range(len(self.data)))

    def get_dataframe(self) -> Any:
        """The table as a pandas data frame."""
        pandas: Any = importlib.import_module("pandas")
        return pandas.DataFrame(self.data, columns=self.columns)

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """Each row with its number."""
        yield from enumerate(self.data)

    def parts(self) -> dict[str, Any]:
        """Its columns and rows."""
        return {"columns": self.columns, "data": self.data}

    def blobs(self, name: str) -> Iterator[Blob]:
        """The table, and the files of its cells under its name."""
        rows = []
        for i, row in enumerate(self.data):
            cells = []
            for j, cell in enumerate(row):
                if is_media(cell):
                    column = self.columns[j] if j < len(self.columns) else j
                    files = list(blobs_of(cell, f"{name}/{i}/{column}"))
                    yield from files
                    cells.append([file.name for file in files] if len(files) > 1 else files[0].name)
                else:
                    cells.append(plain(cell))
            rows.append(cells)
        content = json.dumps({"columns": [plain(c) for c in self.columns], "data": rows}).encode()
        yield Blob(f"{name}.table.json", content, "application/json", "table")
