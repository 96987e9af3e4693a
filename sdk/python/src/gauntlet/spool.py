"""The write-ahead files: events are here before they are sent, until the server has acknowledged them.

One folder for each process and run::

    <root>/<run>.<pid>-<random>/
        run.json          which run, for which server
        000001.ndjson     events, one a line, in order; the next file begins at 16 MiB
        ack               "<file> <bytes>": up to here the server has everything
        blobs/<sha256>    artifacts waiting for their upload
        refused.ndjson    events the server refused, each with its reason
        lock              held by the process that owns the folder

Only whole lines are ever read: what a killed process was writing is left out. Reading and writing may happen on two
threads.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

__all__ = ["Spool", "orphans"]

#: A file of the spool is closed at this size, bytes.
SEGMENT_BYTES = 16 << 20
#: What is kept in memory where the disk refuses to, bytes.
MEMORY_BYTES = 64 << 20


#: Files of the parent that a forked child must not close, nor have closed by letting go of them.
_unclosed: list[IO[bytes]] = []


class Spool:
    """One folder. ``append`` on the writing side; ``read`` and ``advance`` on the sending side."""

    def __init__(self, folder: Path, lock: IO[bytes], info: dict[str, Any], most_bytes: int) -> None:
        self.folder = folder
        self.info = info
        self.most_bytes = most_bytes
        self._owner = lock
        self._guard = threading.RLock()
        self._segments = sorted(int(p.stem) for p in folder.glob("[0-9]*.ndjson"))
        self._sizes = {n: self._path(n).stat().st_size for n in self._segments}
        self._writer: IO[bytes] | None = None
        self._reader: tuple[int, IO[bytes]] | None = None
        self._ack: int | None = None
        self._at, self._offset = self._read_ack()
        #: Lines that the disk refused, behind everything on disk.
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        #: Events appended by this object, and how many of those are done with.
        self.appended = 0
        self.finished = 0

    # Making and finding

    @classmethod
    def create(cls, root: Path, info: dict[str, Any], most_bytes: int) -> Spool:
        """A new folder for a run. Raises ``OSError`` where none can be made."""
        name = f"{quote(str(info['run']), safe='')[:120]}.{os.getpid()}-{os.urandom(4).hex()}"
        folder = root / name
        folder.mkdir(parents=True, mode=0o700)
        lock = _lock(folder)
        if lock is None:
            raise OSError(f"{folder} is locked by another process")
        _replace(folder / "run.json", json.dumps({**info, "created": time.time()}, ensure_ascii=False))
        return cls(folder, lock, info, most_bytes)

    @classmethod
    def adopt(cls, folder: Path) -> Spool | None:
        """What a dead process left; ``None`` where its process lives or another one was faster."""
        try:
            lock = _lock(folder)
        except OSError:
            return None
        if lock is None:
            return None
        try:
            info = json.loads((folder / "run.json").read_text("utf-8"))
            return cls(folder, lock, info, most_bytes=0)
        except (OSError, ValueError):
            lock.close()
            return None

    # Writing

    def append(self, lines: Sequence[bytes]) -> int:
        """Adds events; answers how many were kept. The others found neither disk nor memory."""
        with self._guard:
            kept = self._append(lines)
            self.appended += kept
            return kept

    def _append(self, lines: Sequence[bytes]) -> int:
        if not self._memory:
            room = self.most_bytes - self.unsent_bytes()
            data, n = bytearray(), 0
            for line in lines:
                if len(data) + len(line) + 1 > room:
                    return n if self._write(data) else self._remember(lines[:n])
                data += line
                data += b"\n"
                n += 1
            if self._write(data):
                return n
        return self._remember(lines)

    def _write(self, data: bytearray) -> bool:
        if not data:
            return True
        try:
            if self._writer is None or self._sizes[self._segments[-1]] >= SEGMENT_BYTES:
                self._roll()
            assert self._writer is not None
            if self._writer.write(data) != len(data):
                raise OSError("the disk took only a part")
        except OSError:
            self._mend()
            return False
        self._sizes[self._segments[-1]] += len(data)
        return True

    def _roll(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        number = self._segments[-1] + 1 if self._segments else 1
        self._writer = self._path(number).open("ab", buffering=0)
        self._segments.append(number)
        self._sizes[number] = 0

    def _mend(self) -> None:
        """After a failed write: what was half-written goes, so that the next line starts cleanly."""
        with contextlib.suppress(OSError):
            if self._writer is not None:
                os.ftruncate(self._writer.fileno(), self._sizes[self._segments[-1]])

    def _remember(self, lines: Sequence[bytes]) -> int:
        kept = 0
        for line in lines:
            if self._memory_bytes + len(line) > MEMORY_BYTES:
                break
            self._memory.append(line)
            self._memory_bytes += len(line)
            kept += 1
        return kept

    def unsent_bytes(self) -> int:
        """Bytes on disk that the server has not acknowledged."""
        with self._guard:
            return sum(size for n, size in self._sizes.items() if n >= self._at) - self._offset

    # Sending

    def read(self, most_lines: int, most_bytes: int) -> list[bytes]:
        """The next events, without their line ends; at least one where there is one. They stay until
        :meth:`advance`."""
        with self._guard:
            lines = self._read_disk(most_lines, most_bytes)
            if not lines and self._memory:
                size = 0
                for line in self._memory:
                    if lines and (len(lines) >= most_lines or size + len(line) > most_bytes):
                        break
                    lines.append(line)
                    size += len(line)
            return lines

    def _read_disk(self, most_lines: int, most_bytes: int) -> list[bytes]:
        while True:
            reader = self._open_at()
            if reader is None:
                return []
            lines: list[bytes] = []
            size = 0
            while len(lines) < most_lines and size < most_bytes:
                line = reader.readline()
                if not line.endswith(b"\n"):
                    break
                if lines and size + len(line) > most_bytes:
                    break
                lines.append(line[:-1])
                size += len(line)
            if lines or not self._next_segment():
                return lines

    def _open_at(self) -> IO[bytes] | None:
        if self._at not in self._sizes:
            return None
        if self._reader is None or self._reader[0] != self._at:
            self._close_reader()
            try:
                self._reader = (self._at, self._path(self._at).open("rb"))
            except OSError:
                return None
        self._reader[1].seek(self._offset)
        return self._reader[1]

    def _next_segment(self) -> bool:
        """Leaves a file that is read to its end, if there is another; it is deleted."""
        later = [n for n in self._segments if n > self._at]
        if not later:
            return False
        self._close_reader()
        done = self._at
        self._at, self._offset = later[0], 0
        self._write_ack()
        self._segments.remove(done)
        self._sizes.pop(done, None)
        with contextlib.suppress(OSError):
            self._path(done).unlink()
        return True

    def advance(self, lines: Sequence[bytes]) -> None:
        """Says that these, which were read first, are done with."""
        with self._guard:
            if self._offset < self._sizes.get(self._at, 0):
                self._offset += sum(len(line) + 1 for line in lines)
                self._write_ack()
            else:
                for _ in lines:
                    self._memory_bytes -= len(self._memory.popleft())
            self.finished += len(lines)

    def empty(self) -> bool:
        """Whether everything is done with."""
        return not self.read(1, 1)

    # Beside the log

    def refuse(self, line: bytes, reason: dict[str, Any]) -> Path:
        """Sets an event aside that the server will not take. Answers where."""
        path = self.folder / "refused.ndjson"
        with contextlib.suppress(OSError), path.open("ab") as out:
            try:
                event = json.loads(line)
            except ValueError:
                event = line.decode("utf-8", "replace")
            out.write(json.dumps({**reason, "event": event}, ensure_ascii=False).encode() + b"\n")
        return path

    def blob(self, sha256: str) -> Path:
        """Where an artifact waits for its upload."""
        return self.folder / "blobs" / sha256

    def abandon(self) -> None:
        """In a forked child: lets go of the parent's files without touching them."""
        if self._reader is not None:
            # Another thread of the parent may have been reading: the file's own lock is then held for ever, and closing
            # would wait for it.
            _unclosed.append(self._reader[1])
        for file in (self._writer, self._owner):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        if self._ack is not None:
            with contextlib.suppress(OSError):
                os.close(self._ack)

    def close(self) -> None:
        """Lets go of the folder; it is deleted where nothing in it is left to send and nothing was refused."""
        with self._guard:
            done = self.empty() and not self._memory
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._close_reader()
            if self._ack is not None:
                os.close(self._ack)
                self._ack = None
            if done:
                for number in self._segments:
                    self._path(number).unlink(missing_ok=True)
                if not (self.folder / "refused.ndjson").exists():
                    self._remove_folder()
            self._owner.close()

    def _remove_folder(self) -> None:
        blobs = self.folder / "blobs"
        with contextlib.suppress(OSError):
            for file in (*blobs.glob("*"), *(p for p in self.folder.iterdir() if p != blobs)):
                file.unlink(missing_ok=True)
            if blobs.exists():
                blobs.rmdir()
            self.folder.rmdir()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.ndjson"

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader[1].close()
            self._reader = None

    def _read_ack(self) -> tuple[int, int]:
        first = self._segments[0] if self._segments else 1
        try:
            at, offset = (int(word) for word in (self.folder / "ack").read_bytes().split())
        except (OSError, ValueError):
            return first, 0
        return (at, offset) if at in self._sizes and offset <= self._sizes[at] else (first, 0)

    def _write_ack(self) -> None:
        # One small write at a fixed place: whole or not at all. Where it is lost, events are sent again, and the
        # server keeps one of each.
        with contextlib.suppress(OSError):
            if self._ack is None:
                self._ack = os.open(self.folder / "ack", os.O_WRONLY | os.O_CREAT, 0o600)
            os.lseek(self._ack, 0, os.SEEK_SET)
            os.write(self._ack, b"%06d %020d\n" % (self._at, self._offset))


def orphans(root: Path) -> list[Path]:
    """Folders that are not done with, oldest first; their processes may still live. What was refused waits for a
    person and is left alone, where nothing else is left."""
    found = []
    with contextlib.suppress(OSError):
        for folder in root.iterdir():
            # Another process may be done with a folder, and delete it, at any moment.
            with contextlib.suppress(OSError):
                only_refused = (folder / "refused.ndjson").exists() and not any(folder.glob("[0-9]*.ndjson"))
                if (folder / "run.json").is_file() and not only_refused:
                    found.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(found)]


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def _lock(folder: Path) -> IO[bytes] | None:
    """Takes the folder's lock; ``None`` where a living process has it. Freed when the file is closed."""
    file = (folder / "lock").open("ab")
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
