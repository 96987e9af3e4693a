"""Any value as plain JSON data, without a limit: what files of a run hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["Structured", "plain"]


class Structured:
    """A value that is an object with named parts in JSON."""

    def parts(self) -> dict[str, Any]:
        """Its parts, by name."""
        raise NotImplementedError


def plain(value: Any) -> Any:
    """``value`` as JSON, all of it: what JSON has no form for is its text, NaN and infinity are ``None``."""
    if value is None or isinstance(value, str | bool | int):
        return value if not isinstance(value, str) else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Structured):
        return plain(value.parts())
    for method in ("tolist", "isoformat"):
        if callable(getattr(value, method, None)):
            found = getattr(value, method)()
            return plain(found) if method == "tolist" and found is not value else str(found)
    return str(value)
