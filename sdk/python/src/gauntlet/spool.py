"""The write-ahead files: events are here before they are sent, until the server has acknowledged them.

One folder for each process and run::

    <root>/<run>.<pid>-<random>/
        run.json          which run, for which server
        000001.ndjson     events, one a line, in order; the next file begins at 16 MiB
        ack               "<file> <bytes>": up to here the server has everything
        blobs/<sha256>    artifacts waiting for their upload
        refused.ndjson    events the server refused, each with its reason
        lock              held by the process that owns the folder

Only complete lines are ever read: what a killed process was writing is left out. Reading and writing may
happen on two threads. What cannot be written to disk stays in memory and is delivered from there.
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

from .folders import lock_folder, make_private, open_private, replace_text
from .settings import address
from .values import copy_hashed

__all__ = ["ChangedFile", "Spool"]

#: A file of the spool is closed at this size, bytes.
SEGMENT_BYTES = 16 << 20
#: What run.json must hold.
_INFO = {"run": str, "spec": dict, "endpoint": str}
#: Most bytes that stay in memory where the disk cannot be written.
MEMORY_BYTES = 64 << 20


#: Files of the parent that a forked child must not close; referenced here so that they are not collected.
_unclosed: list[IO[bytes]] = []


class ChangedFile(OSError):
    """A file that is not any more what it was when it was named."""


class Spool:
    """One folder. ``append`` on the writing side; ``read`` and ``advance`` on the sending side."""

    def __init__(self, folder: Path, lock: IO[bytes] | None, info: dict[str, Any], most_bytes: int) -> None:
        self.folder = folder
        #: Whether there is a folder at all.
        self.on_disk = lock is not None
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
        #: Lines that the disk refused, after everything on disk.
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._blobs: dict[str, bytes | Path] = {}
        #: Events in each file that are not delivered yet, of those that this object appended.
        self._left: dict[int, int] = {}
        #: Events whose files were removed before they were read; taken by :meth:`take_vanished`.
        self._vanished = 0
        #: Events appended by this object, and how many of those are delivered.
        self.appended = 0
        self.finished = 0

    # Making and finding

    @classmethod
    def create(cls, root: Path, info: dict[str, Any], most_bytes: int) -> Spool:
        """A new folder for a run. Raises ``OSError`` where none can be made."""
        name = f"{quote(str(info['run']), safe='')[:120]}.{os.getpid()}-{os.urandom(4).hex()}"
        folder = root / name
        make_private(folder)
        lock = lock_folder(folder)
        if lock is None:
            raise OSError(f"{folder} is locked by another process")
        replace_text(folder / "run.json", json.dumps({**info, "created": time.time()}, ensure_ascii=False))
        return cls(folder, lock, info, most_bytes)

    @classmethod
    def in_memory(cls, root: Path, info: dict[str, Any]) -> Spool:
        """A spool without a folder, for a machine where none can be made."""
        return cls(root / "nowhere", None, info, most_bytes=0)

    @classmethod
    def adopt(cls, folder: Path) -> Spool | None:
        """What a dead process left; ``None`` where its process lives or another one was faster. Raises
        ``ValueError`` where the folder does not describe what it holds."""
        try:
            lock = lock_folder(folder)
        except OSError:
            return None
        if lock is None:
            return None
        try:
            info = json.loads((folder / "run.json").read_text("utf-8"))
            if not all(isinstance(info[name], kind) for name, kind in _INFO.items()):
                raise ValueError("run.json names no run")
            address(info["endpoint"])
            return cls(folder, lock, info, most_bytes=0)
        except FileNotFoundError:
            lock.close()
            return None
        except (OSError, LookupError, TypeError, ValueError) as error:
            lock.close()
            raise ValueError(f"{type(error).__name__}: {error}") from error

    # Writing

    def append(self, lines: Sequence[bytes]) -> int:
        """Adds events; returns how many were stored. There was no room for the others on disk or in
        memory."""
        with self._guard:
            written = self._append(lines)
            self.appended += written
            return written

    def _append(self, lines: Sequence[bytes]) -> int:
        if self.on_disk and not self._memory:
            room = self.most_bytes - self.unsent_bytes()
            data, n = bytearray(), 0
            for line in lines:
                if len(data) + len(line) + 1 > room:
                    return n if self._write(data, n) else self._remember(lines[:n])
                data += line
                data += b"\n"
                n += 1
            if self._write(data, n):
                return n
        return self._remember(lines)

    def _write(self, data: bytearray, n: int) -> bool:
        if not data:
            return True
        try:
            if self._writer is None or self._sizes[self._segments[-1]] >= SEGMENT_BYTES:
                self._roll()
            assert self._writer is not None
            if os.fstat(self._writer.fileno()).st_nlink == 0:
                raise OSError(f"{self.folder} was removed")
            if self._writer.write(data) != len(data):
                raise OSError("the disk took only a part")
        except OSError:
            self._mend()
            return False
        self._sizes[self._segments[-1]] += len(data)
        self._left[self._segments[-1]] = self._left.get(self._segments[-1], 0) + n
        return True

    def _roll(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        number = self._segments[-1] + 1 if self._segments else 1
        # Readable as well, in case the file is removed before it was read.
        self._writer = open_private(self._path(number), "a+b", buffering=0)
        self._segments.append(number)
        self._sizes[number] = 0

    def _mend(self) -> None:
        """After a failed write: what was half-written goes, so that the next line starts cleanly."""
        with contextlib.suppress(OSError):
            if self._writer is not None:
                os.ftruncate(self._writer.fileno(), self._sizes[self._segments[-1]])

    def _remember(self, lines: Sequence[bytes]) -> int:
        written = 0
        for line in lines:
            if self._memory_bytes + len(line) > MEMORY_BYTES:
                break
            self._memory.append(line)
            self._memory_bytes += len(line)
            written += 1
        return written

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
                self._reader = (self._at, self._open_segment(self._at))
            except FileNotFoundError:
                self._vanish(self._at)
                return None
        self._reader[1].seek(self._offset)
        return self._reader[1]

    def _open_segment(self, number: int) -> IO[bytes]:
        try:
            return self._path(number).open("rb")
        except FileNotFoundError:
            if self._writer is None or number != self._segments[-1]:
                raise
            return os.fdopen(os.dup(self._writer.fileno()), "rb")

    def _vanish(self, number: int) -> None:
        """A file that cannot be read any more: what was left in it is lost, and counted."""
        lost = self._left.pop(number, 0)
        self._vanished += lost
        self.finished += lost
        self._offset = self._sizes[number] = self._offset if number == self._at else 0

    def take_vanished(self) -> int:
        """How many events were lost since this was asked last, as their files were removed before they were
        read."""
        with self._guard:
            lost, self._vanished = self._vanished, 0
            return lost

    def is_durable(self) -> bool:
        """Whether everything that is not done with is on disk, and still there; what is not there any more
        counts as vanished."""
        with self._guard:
            for number in [n for n in self._segments if self._left.get(n) and not self._path(n).exists()]:
                self._vanish(number)
            return not self._vanished and not self._memory

    @property
    def in_memory_only(self) -> int:
        """Events that are in memory alone."""
        return len(self._memory)

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
        self._left.pop(done, None)
        with contextlib.suppress(OSError):
            self._path(done).unlink()
        return True

    def advance(self, lines: Sequence[bytes]) -> None:
        """Removes the oldest lines, which must be these: they are delivered."""
        with self._guard:
            if self._offset < self._sizes.get(self._at, 0):
                self._offset += sum(len(line) + 1 for line in lines)
                self._left[self._at] = max(0, self._left.get(self._at, 0) - len(lines))
                self._write_ack()
            else:
                for _ in lines:
                    self._memory_bytes -= len(self._memory.popleft())
            self.finished += len(lines)

    def empty(self) -> bool:
        """Whether everything is done with."""
        return not self.read(1, 1)

    # Beside the log

    def refuse(self, line: bytes, reason: dict[str, Any]) -> Path | None:
        """Sets an event aside that the server will not take. Returns where, if anywhere."""
        if not self.on_disk:
            return None
        path = self.folder / "refused.ndjson"
        with contextlib.suppress(OSError), open_private(path, "ab") as out:
            try:
                event = json.loads(line)
            except ValueError:
                event = line.decode("utf-8", "replace")
            out.write(json.dumps({**reason, "event": event}, ensure_ascii=False).encode() + b"\n")
        return path

    def blob(self, sha256: str) -> Path | bytes | None:
        """The content of an artifact that waits for its upload, if it does."""
        if sha256 in self._blobs:
            return self._blobs[sha256]
        path = self.folder / "blobs" / sha256
        return path if path.is_file() else None

    def keep_blob(self, sha256: str, content: bytes | Path) -> None:
        """Puts an artifact's content beside the events, until it is uploaded. Raises ``OSError`` for a file
        that cannot be read or is another one by now, and where neither disk nor memory takes it."""
        try:
            if not self.on_disk:
                raise OSError("there is no spool on disk")
            target = self.folder / "blobs" / sha256
            make_private(target.parent)
            draft = target.with_suffix(".new")
            if isinstance(content, bytes):
                with open_private(draft, "wb") as out:
                    out.write(content)
            elif copy_hashed(content, draft) != sha256:
                raise ChangedFile(f"{content} changed while it was read")
            draft.replace(target)
        except ChangedFile:
            raise
        except OSError:
            if isinstance(content, bytes):
                if self._memory_bytes + len(content) > MEMORY_BYTES:
                    raise
                self._memory_bytes += len(content)
            elif not content.is_file():
                raise
            self._blobs[sha256] = content

    def drop_blob(self, sha256: str) -> None:
        """An artifact's content that is done with."""
        written = self._blobs.pop(sha256, None)
        if isinstance(written, bytes):
            self._memory_bytes -= len(written)
        with contextlib.suppress(OSError):
            (self.folder / "blobs" / sha256).unlink(missing_ok=True)

    def abandon(self) -> None:
        """In a forked child: releases the parent's files without changing them."""
        if self._reader is not None:
            # Another thread of the parent may have been reading: the file object's lock then stays locked,
            # and closing would wait for it.
            _unclosed.append(self._reader[1])
        for file in (self._writer, self._owner):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()
        if self._ack is not None:
            with contextlib.suppress(OSError):
                os.close(self._ack)

    def close(self) -> None:
        """Releases the folder, and deletes it where nothing in it is left to send and nothing was
        refused."""
        with self._guard:
            done = self.empty() and not self._memory
            self._close_files()
            if done and self.on_disk:
                for number in self._segments:
                    self._path(number).unlink(missing_ok=True)
                if not (self.folder / "refused.ndjson").exists():
                    self._remove_folder()
            if self._owner is not None:
                self._owner.close()

    def release(self) -> None:
        """Releases the folder and leaves it as it is."""
        with self._guard:
            self._close_files()
            if self._owner is not None:
                self._owner.close()

    def _close_files(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._close_reader()
        if self._ack is not None:
            os.close(self._ack)
            self._ack = None

    def discard(self) -> None:
        """Releases the folder and deletes it, whatever is left in it."""
        with self._guard:
            self._memory.clear()
            for number in self._segments:
                self._path(number).unlink(missing_ok=True)
            self._segments, self._sizes = [], {}
            self._at, self._offset = 1, 0
            self.close()

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
        # One small write at a fixed place: all of it or nothing. Where it is lost, events are sent again, and
        # the server keeps one of each.
        if not self.on_disk:
            return
        with contextlib.suppress(OSError):
            if self._ack is None:
                self._ack = os.open(self.folder / "ack", os.O_WRONLY | os.O_CREAT, 0o600)
            os.lseek(self._ack, 0, os.SEEK_SET)
            os.write(self._ack, b"%06d %020d\n" % (self._at, self._offset))
