"""Rubric paths from the names that a training loop uses, and what happens where two names of a call meet in
one path.

The rule is shared by the SDKs: ``sdk/contract/paths.json`` holds its vectors.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "CONTROLS",
    "MAX_PATH_BYTES",
    "cut",
    "free_key",
    "path_of",
    "paths_of",
    "repaired",
    "shortened",
    "without_surrogates",
]

#: Longest rubric path, bytes of UTF-8.
MAX_PATH_BYTES = 256

#: Names are few and come again and again.
_paths: dict[str, str] = {}
_MAX_PATHS = 65_536
#: Characters that Unicode calls controls, by number: neither a path nor a one-line text holds them.
CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_DOTTED: dict[int, str | None] = {**dict.fromkeys(CONTROLS), ord("/"): "."}


def path_of(name: object) -> str:
    """The rubric path of a name: ``a/b`` becomes ``a.b``, empty segments and control characters go. Longer
    than 256 bytes, it is cut and ends in ``~`` and 8 hex digits of its SHA-256. Empty where nothing is
    left."""
    if name.__class__ is not str:
        return _path(str(name))
    assert isinstance(name, str)
    known = _paths.get(name)
    if known is not None:
        return known
    path = _path(name)
    if len(_paths) < _MAX_PATHS:
        _paths[name] = path
    return path


def _path(name: str) -> str:
    clean = without_surrogates(name).translate(_DOTTED)
    path = ".".join(part for part in clean.split(".") if part)
    return shortened(path, MAX_PATH_BYTES)


def paths_of(names: Iterable[Any], prefix: str = "") -> list[str]:
    """The paths of the names of one call, in their order, no two alike; empty for a name of which nothing is
    left.

    Where names meet in one path, the one that is spelled like it keeps it, then the first by the bytes of the
    names does; the others get ``~2``, ``~3`` and so on, in that order, leaving out what another name of the
    call has.
    """
    prefixed: list[str] = [
        name if name.__class__ is str and not prefix else f"{prefix}{name}" for name in names
    ]
    found = [path_of(name) for name in prefixed]
    if len(set(found)) == len(found):
        return found
    groups: dict[str, list[int]] = {}
    for i, path in enumerate(found):
        if path:
            groups.setdefault(path, []).append(i)
    taken = set(groups)
    for path, members in groups.items():
        members.sort(key=lambda i: (prefixed[i] != path, without_surrogates(prefixed[i]).encode(), i))
        n = 1
        for i in members[1:]:
            n += 1
            while (other := _with_end(path, f"~{n}")) in taken:
                n += 1
            taken.add(other)
            found[i] = other
    return found


def _with_end(path: str, end: str) -> str:
    return cut(path, MAX_PATH_BYTES - len(end)).rstrip(".") + end


def shortened(name: str, limit: int) -> str:
    """The name, of at most ``limit`` bytes. A longer one is cut and ends in ``~`` and 8 hex digits of its
    SHA-256."""
    if len(name) * 4 <= limit:
        return name
    raw = name.encode()
    if len(raw) <= limit:
        return name
    return cut(name, limit - 9).rstrip(".") + f"~{hashlib.sha256(raw).hexdigest()[:8]}"


def without_surrogates(value: str) -> str:
    """The text with what no UTF-8 can hold repaired: two halves of a character side by side become that
    character, half of one becomes U+FFFD. The same object where there is nothing to repair."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def repaired(value: Any) -> tuple[Any, int]:
    """Plain JSON data whose texts and keys UTF-8 can hold, and how many of them were repaired. Keys that are
    alike afterwards all stay, with ``~2``, ``~3`` and so on."""
    if isinstance(value, str):
        text = without_surrogates(value)
        return text, int(text is not value)
    count = 0
    if isinstance(value, dict):
        out: dict[str, Any] = {}
        for key, item in value.items():
            name, n = repaired(key)
            found, more = repaired(item)
            out[free_key(name, out)] = found
            count += n + more
        return out, count
    if isinstance(value, (list, tuple)):
        pairs = [repaired(item) for item in value]
        return [item for item, _ in pairs], sum(n for _, n in pairs)
    return value, 0


def free_key(key: str, taken: Mapping[str, Any]) -> str:
    """The key, or with ``~2``, ``~3`` and so on after it where it is taken."""
    name, n = key, 1
    while name in taken:
        n += 1
        name = f"{key}~{n}"
    return name


def cut(value: str, limit: int) -> str:
    """The beginning of ``value`` that fits into ``limit`` bytes of UTF-8. Half a surrogate pair counts as the
    U+FFFD that it becomes on the wire."""
    if len(value) * 4 <= limit:
        return value
    raw = value.encode("utf-8", "surrogatepass")
    if len(raw) <= limit:
        return value
    while limit and raw[limit] & 0xC0 == 0x80:
        limit -= 1
    return raw[:limit].decode("utf-8", "surrogatepass")
