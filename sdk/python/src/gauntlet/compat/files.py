"""The files that a script asks a run to store: those that ``save`` matches, and those of the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["Files"]


class Files:
    """Stores each file once in each of its states, through ``store(path, name, role)``."""

    def __init__(self, store: Callable[[Path, str, str], Any]) -> None:
        self._store = store
        self._folder: Path | None = None
        #: The patterns that are matched again when the run ends.
        self._patterns: list[str] = []
        #: Time of change in nanoseconds and size in bytes of each file when it was stored.
        self._stored: dict[Path, tuple[int, int]] = {}

    def folder(self) -> Path:
        """The folder whose files are stored when the run ends; a temporary one where none was made."""
        if self._folder is None:
            import tempfile

            self._folder = Path(tempfile.mkdtemp(prefix="gauntlet-files-"))
        return self._folder

    def make_folder(self, folder: Path) -> None:
        """Makes ``folder`` the run's folder. Raises ``OSError``, and changes nothing, where that fails."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def save(self, pattern: str, *, at_end: bool) -> list[str]:
        """Stores the files that match now and returns their paths; with ``at_end``, those that have changed
        are stored again when the run ends."""
        found = self._save(pattern)
        if at_end:
            self._patterns.append(pattern)
        return found

    def save_at_end(self) -> None:
        """Stores what has changed since, and the files of the folder."""
        for pattern in self._patterns:
            self._save(pattern)
        if self._folder is not None:
            for path in sorted(self._folder.rglob("*")):
                if path.is_file():
                    self._save_file(path, path.relative_to(self._folder).as_posix())

    def _save(self, pattern: str) -> list[str]:
        import glob

        found = []
        for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207  # It may be absolute.
            path = Path(match)
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    found.append(str(file))
                    self._save_file(file, file.name if file == path else str(file.relative_to(path.parent)))
        return found

    def _save_file(self, path: Path, name: str) -> None:
        state = (path.stat().st_mtime_ns, path.stat().st_size)
        if self._stored.get(path.absolute()) != state:
            self._stored[path.absolute()] = state
            self._store(path, name, "file")
