"""``wandb.Artifact``: files under one name, stored with the run that logs it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..run import current_run
from .media import Blob, Logged
from .notices import notice
from .plain import plain

__all__ = ["Artifact", "find"]

#: What this process has logged, by name, for `use_artifact`.
_logged: dict[str, Artifact] = {}


class Artifact:
    """Files and references under one name and type."""

    def __init__(
        self,
        name: str,
        type: str = "file",
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool | None = None,
        use_as: str | None = None,
        **_: Any,
    ) -> None:
        self._name = str(name)
        self.type = str(type)
        self.description = description
        self.metadata = dict(metadata or {})
        self.aliases: list[str] = []
        self.tags: list[str] = []
        self.ttl: Any = None
        self.version = "v0"
        self.state = "PENDING"
        self._files: dict[str, Path | bytes] = {}
        self._references: dict[str, str] = {}
        self._objects: dict[str, Any] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def name(self) -> str:
        """The name with the version, once it is logged."""
        return self._name if self.state == "PENDING" else f"{self._name}:{self.version}"

    @property
    def id(self) -> str:
        """A name for the content as it is now."""
        return self.digest

    @property
    def digest(self) -> str:
        """A hash of the names and sizes of what it holds."""
        sizes = {
            name: len(c) if isinstance(c, bytes) else c.stat().st_size for name, c in self._files.items()
        }
        return hashlib.sha256(json.dumps([self._name, sizes, self._references]).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(len(c) if isinstance(c, bytes) else c.stat().st_size for c in self._files.values())

    @property
    def file_count(self) -> int:
        """How many files it holds."""
        return len(self._files)

    def add_file(self, local_path: Any, name: str | None = None, *_: Any, **__: Any) -> Any:
        """Adds a file. Small ones are read now, larger ones when they are sent."""
        path = Path(local_path)
        if not path.is_file():
            notice(
                f"artifact {path}",
                f"the artifact {self._name!r} leaves out {str(path)!r}, which is not a file",
            )
            return None
        self._files[name or path.name] = (
            path.read_bytes() if path.stat().st_size <= 1 << 20 else path.absolute()
        )
        return self._files[name or path.name]

    def add_dir(self, local_path: Any, name: str | None = None, *_: Any, **__: Any) -> None:
        """Adds every file of a folder, and of the folders in it."""
        root = Path(local_path)
        found = sorted(path for path in root.rglob("*") if path.is_file())
        if not found:
            notice(f"artifact {root}", f"the artifact {self._name!r} finds no file in {str(root)!r}")
        for path in found:
            inside = path.relative_to(root).as_posix()
            self.add_file(path, f"{name}/{inside}" if name else inside)

    @contextmanager
    def new_file(self, name: str, mode: str = "w", encoding: str | None = None) -> Iterator[IO[Any]]:
        """A file to write, added when it is closed."""
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="gauntlet-artifact-")
        path = Path(self._folder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding=encoding or (None if "b" in mode else "utf-8")) as file:
            yield file
        self._files[name] = path.read_bytes()

    def add_reference(self, uri: Any, name: str | None = None, *_: Any, **__: Any) -> list[Any]:
        """Keeps an address; what is behind it is not copied."""
        self._references[name or str(uri).rsplit("/", 1)[-1]] = str(uri)
        return []

    def add(self, obj: Any, name: str, *_: Any, **__: Any) -> Any:
        """Adds a table, a picture, any value of this module."""
        self._objects[name] = obj
        if isinstance(obj, Logged):
            for blob in obj.blobs(name):
                self._files[blob.name] = blob.content
        return obj

    def remove(self, item: Any) -> None:
        """Takes a file out again."""
        self._files.pop(str(item), None)

    def get(self, name: str) -> Any:
        """What was added under that name by :meth:`add`."""
        return self._objects.get(name)

    def get_entry(self, name: str) -> Any:
        """The file of that name."""
        return self._files.get(name)

    get_path = get_entry

    def files(self, names: Any = None, per_page: int = 50) -> list[str]:
        """The names of its files."""
        return [name for name in self._files if not names or name in names]

    def download(self, root: Any = None, *_: Any, **__: Any) -> str:
        """Writes the files into a folder, ``artifacts/<name>`` unless another is named, and answers where."""
        folder = Path(root or Path("artifacts") / self.name.replace(":", "-").replace("/", "_"))
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                shutil.copyfile(content, path)
        return str(folder)

    checkout = download

    def file(self, root: Any = None) -> str:
        """Writes its one file, and answers where."""
        folder = self.download(root)
        return str(Path(folder) / next(iter(self._files), ""))

    def wait(self, timeout: float | None = None) -> Artifact:
        """Nothing to wait for."""
        return self

    def save(self, *_: Any, **__: Any) -> None:
        """Logs it with the current run."""
        run: Any = current_run()
        if run is not None:
            run.log_artifact(self)

    def verify(self, *_: Any, **__: Any) -> None:
        """The server checks every file against its hash."""

    def finalize(self) -> None:
        """Nothing to do."""

    def logged_by(self) -> Any:
        """The run that logs it is the current one."""
        return current_run()

    @contextmanager
    def new_draft(self) -> Iterator[Artifact]:
        """A copy to change."""
        yield self

    def link(self, target_path: str, aliases: Any = None) -> None:
        """There is no registry to link it to."""
        notice("link", "there is no registry of artifacts; linking one does nothing")

    def blobs(self) -> Iterator[Blob]:
        """Its files, and one that describes it."""
        for name, content in self._files.items():
            yield Blob(f"{self._name}/{name}", content, "", self.type)
        about = {
            "name": self._name, "type": self.type, "description": self.description,
            "metadata": plain(self.metadata),
            "aliases": self.aliases, "files": list(self._files), "references": self._references,
        }  # fmt: skip
        yield Blob(f"{self._name}.artifact.json", json.dumps(about).encode(), "application/json", "artifact")

    def mark_logged(self) -> None:
        """It was logged: `use_artifact` finds it in this process."""
        before = _logged.get(self._name)
        if before is not None and before is not self:
            self.version = f"v{int(before.version[1:]) + 1}"
        self.state = "COMMITTED"
        _logged[self._name] = self

    def __repr__(self) -> str:
        return f"<Artifact {self.name}>"


def find(name: str, type: str | None = None) -> Artifact:
    """The artifact of that name that this process logged; else an empty one, warned of once."""
    plain_name = str(name).rsplit("/", 1)[-1].partition(":")[0]
    found = _logged.get(plain_name)
    if found is None:
        notice(
            f"use_artifact {name}",
            f"the artifact {name!r} was not logged by this process; one without files takes its place",
        )
        found = Artifact(plain_name, type or "file")
    return found
