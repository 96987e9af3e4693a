"""The file sink: JSON Lines that ``gauntlet import`` opens."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ..ledger import Ledger
from .base import Record, RunInfo, Sink

__all__ = ["FileSink"]


class FileSink(Sink):
    """Writes every event as one line. An existing file is added to. Artifacts are named in it, not held."""

    name = "file"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: IO[bytes] | None = None
        self._ledger = Ledger()
        self._written = 0

    def open(self, run: RunInfo) -> None:
        self._ledger = run.ledger
        self._written = 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("ab", buffering=0)

    def write(self, records: Sequence[Record]) -> None:
        assert self._file is not None
        if self._is_gone():
            # The file was removed with all its content: the rest goes to a new one.
            self._lose_written()
            self._file.close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
        data = b"".join(record.line + b"\n" for record in records)
        before = os.fstat(self._file.fileno()).st_size
        if self._file.write(data) != len(data):
            # Half a line would break the file for its readers: all of it is written again, or none.
            os.ftruncate(self._file.fileno(), before)
            raise OSError(f"{self.path}: the disk took only a part")
        self._written += len(records)

    def flush(self, timeout: float) -> bool:
        if self._file is None:
            return True
        if self._is_gone():
            self._lose_written()
            return False
        os.fsync(self._file.fileno())
        return True

    def _is_gone(self) -> bool:
        """Whether the file was removed while it is written to."""
        return self._file is not None and os.fstat(self._file.fileno()).st_nlink == 0

    def _lose_written(self) -> None:
        if self._written:
            self._ledger.lose(f"the file {self.path} was removed", self._written)
            self._written = 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def forked(self) -> Sink | None:
        """The child appends complete lines to the same file."""
        return FileSink(self.path)
