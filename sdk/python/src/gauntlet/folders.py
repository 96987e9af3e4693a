"""The folders of a spool: their locks, which of them wait for which run, and where those go that no server
accepts."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import IO

__all__ = ["last_step", "lock_folder", "orphans", "replace_text", "set_aside"]

#: A line of an event with a step that counts: scored, added to a score or recorded.
_STEP = re.compile(
    rb'{"id":"[^"]*","at":"[^"]*","kind":"(?:snapshot\.scored|score\.added|step\.recorded)","v":1'
    rb'(?:,"episode":"(?:[^"\\]|\\.)*")?,"step":(\d+),'
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
        target.parent.mkdir(exist_ok=True, mode=0o700)
        folder.rename(target)
        (target / "reason.txt").write_text(f"{reason}\n", "utf-8", "replace")
        return target
    return folder


def replace_text(path: Path, text: str) -> None:
    """Writes a file atomically: readers see the old content or the new one."""
    draft = path.with_suffix(".new")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def lock_folder(folder: Path) -> IO[bytes] | None:
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
