"""The folders of a spool: their locks, which of them wait for which run, and where those go that no server
accepts."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import IO

__all__ = [
    "last_step",
    "lock_folder",
    "make_private",
    "open_private",
    "orphans",
    "replace_text",
    "set_aside",
]

#: A line of an event whose step the server counts for the run's last one: scored, or recorded outside of
#: episodes, which number what they record themselves.
_STEP = re.compile(
    rb'{"id":"[^"]*","at":"[^"]*","kind":"(?:step\.recorded","v":1'
    rb'|(?:snapshot\.scored|score\.added)","v":1(?:,"episode":"(?:[^"\\]|\\.)*")?),"step":(\d+),'
)
#: Folders that no server takes wait here for a person.
_ASIDE = "undeliverable"


def orphans(root: Path) -> list[Path]:
    """Folders that are not done with, oldest first; their processes may still live. What was refused waits
    for a person and is left alone, where nothing else is left."""
    found = []
    with contextlib.suppress(OSError):
        for folder in root.iterdir():
            # Another process may be done with a folder, and delete it, at any moment.
            with contextlib.suppress(OSError):
                only_refused = (folder / "refused.ndjson").exists() and not any(folder.glob("[0-9]*.ndjson"))
                if (folder / "run.json").is_file() and not only_refused:
                    found.append((folder.stat().st_mtime, folder))
    return [folder for _, folder in sorted(found)]


def last_step(root: Path, run: str) -> int:
    """The greatest step among what waits in this spool of that run; -1 where nothing does."""
    last = -1
    for folder in orphans(root):
        with contextlib.suppress(OSError, LookupError, TypeError, ValueError):
            if json.loads((folder / "run.json").read_text("utf-8"))["run"] != run:
                continue
            for path in folder.glob("[0-9]*.ndjson"):
                with path.open("rb") as lines:
                    steps = (int(found[1]) for line in lines if (found := _STEP.match(line)))
                    last = max(last, max(steps, default=-1))
    return last


def set_aside(folder: Path, reason: str) -> Path:
    """Moves a folder, with the reason, to where it is not delivered any more. Returns its new path."""
    target = folder.parent / _ASIDE / folder.name
    with contextlib.suppress(OSError):
        make_private(target.parent)
        folder.rename(target)
        with open_private(target / "reason.txt", "wb") as out:
            out.write(f"{reason}\n".encode("utf-8", "replace"))
        return target
    return folder


def make_private(folder: Path) -> None:
    """Creates a folder and the ones above it, those that are missing, accessible to its owner only."""
    if not folder.parent.is_dir():
        make_private(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)


def open_private(path: Path, mode: str, buffering: int = -1) -> IO[bytes]:
    """Opens a file of bytes; one that it creates is accessible to its owner only."""
    return open(path, mode, buffering, opener=lambda name, flags: os.open(name, flags, 0o600))


def replace_text(path: Path, text: str) -> None:
    """Writes a file atomically: readers see the old content or the new one."""
    draft = path.with_suffix(".new")
    with open_private(draft, "wb") as out:
        out.write(text.encode())
    draft.replace(path)


def lock_folder(folder: Path) -> IO[bytes] | None:
    """Takes the folder's lock; ``None`` where a living process has it. Freed when the file is closed."""
    file = open_private(folder / "lock", "ab")
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
