"""From whatever a training loop holds to what the wire allows: numbers, rubric paths, texts, JSON.

Nothing here raises for bad input: what cannot be stored is left out or cut, counted in the run's
:class:`~gauntlet.ledger.Ledger` and reported once.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from .folders import open_private
from .ledger import Ledger
from .paths import CONTROLS, cut, free_key, repaired, shortened, without_surrogates

__all__ = [
    "as_text",
    "identifier",
    "json_safe",
    "label",
    "mime_type_of",
    "number",
    "numbers",
    "object_of",
    "optional_label",
    "preview",
    "reading",
    "run_identifier",
    "shown",
    "copy_hashed",
    "text",
    "words",
]

#: Longest id of a run or an episode, bytes.
MAX_ID_BYTES = 200
#: Longest one-line text, bytes.
MAX_LABEL_BYTES = 512
#: Longest free text, bytes.
MAX_TEXT_BYTES = 1 << 20
#: Most scores in one snapshot.
MAX_SCORES = 1024
#: Largest step number: what a JSON number holds exactly in every language.
MAX_STEP = 2**53 - 1
#: Longest preview of an argument or result, bytes.
MAX_PREVIEW = 8192
#: Longest configuration or metadata, bytes.
MAX_OBJECT = 1 << 20

_PLAIN = (float, int)
#: Types that mean "missing" and hold no number: pandas' and NumPy's.
_MISSING = frozenset({"NAType", "NaTType", "MaskedConstant"})
#: Texts that mean "no number": the table of ``sdk/contract/values.json``, which all lenient readers share.
_NO_NUMBER = frozenset({
    "nan", "none", "null", "nil", "n/a", "na", "<na>", "#n/a", "#na", "nat", "undefined", "not evaluated",
    "-",
    "not_evaluated", "inf", "infinity", "1.#ind", "1.#qnan", "1.#inf", ".nan", ".inf", "∞", "#div/0!",
    "#value!",
    "#num!", "#null!", "missing", "nan(ind)", "nan(snan)",
})  # fmt: skip
_BINARY = "application/octet-stream"
#: What Python's table lacks and runs have.
_MIME_TYPES = {
    ".jsonl": "application/x-ndjson", ".log": "text/plain", ".ndjson": "application/x-ndjson",
    ".toml": "application/toml", ".yaml": "application/yaml", ".yml": "application/yaml",
}  # fmt: skip
_TRUTH = {"true": 1.0, "false": 0.0}
_DEEPEST = 8
_SPACED = dict.fromkeys(CONTROLS, " ")


def number(value: Any) -> float | None:
    """The finite number that ``value`` is: an int, a bool, a float, a decimal, a text such as ``"0.8"``, a
    NumPy or torch scalar. Else ``None``."""
    found = reading(value)
    return found if found is not None and math.isfinite(found) else None


def reading(value: Any) -> float | None:
    """The number that ``value`` is; NaN where it means that there is none (``None``, an empty text, NaN, an
    infinity, pandas' ``NA``, a masked element). ``None`` where it is something else, and no number."""
    try:
        if value.__class__ not in _PLAIN:
            if value is None or type(value).__name__ in _MISSING:
                return math.nan
            if isinstance(value, str):
                return _of_text(value)
            if isinstance(value, (bytes, bytearray)):
                return None
            if hasattr(value, "item"):
                value = value.item()
            if isinstance(value, complex):
                return None
        result = float(value)
    except Exception:
        return None
    return result if math.isfinite(result) else math.nan


def _of_text(value: str) -> float | None:
    """The number that a text is as JSON and CSV files write it: no ``1_000``, no digits of other scripts."""
    word = value.strip().lower()
    if word in _TRUTH:
        return _TRUTH[word]
    if not word or word in _NO_NUMBER or (word[0] in "+-" and word[1:] in _NO_NUMBER):
        return math.nan
    if not word.isascii() or "_" in word:
        return None
    found = float(word)
    return found if math.isfinite(found) else math.nan


def numbers(values: Mapping[str, Any], ledger: Ledger) -> dict[str, float]:
    """A copy with every number taken as it is now; nested mappings are joined with a dot. NaN: not evaluated.

    What is something else is left out, counted under ``skipped_values`` and named once.
    """
    found: dict[str, float] = {}
    for name, value in _flat(values, ""):
        taken = value if value.__class__ is float else reading(value)
        if taken is None:
            ledger.count("skipped_values")
            key = f"value {name}"
            if not ledger.is_warned(key):
                ledger.warn(key, f"{name} is {shown(value)}, not a number; it is left out (reported once)")
            continue
        while name in found:
            name += "\0"  # The same name by another way of nesting; no path holds this character.
        found[name] = taken
    return found


def _flat(values: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        full = f"{prefix}.{name}" if prefix else str(name)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(value, full, depth + 1)
        else:
            yield full, value


def label(value: Any, default: str, ledger: Ledger | None = None) -> str:
    """A one-line text: control characters become spaces, what is beyond 512 bytes becomes ``…``; ``default``
    where it is empty."""
    line = _str(value)
    if not line.isprintable():
        line = _repaired(line, ledger).translate(_SPACED)
    if len(line) * 4 > MAX_LABEL_BYTES and len(line.encode()) > MAX_LABEL_BYTES:
        line = cut(line, MAX_LABEL_BYTES - 3) + "…"
    return line.strip() or default


def identifier(value: Any, default: str, ledger: Ledger | None = None) -> str:
    """An id that can be part of a URL: one line without slashes. Longer than 200 bytes, it is cut and ends
    in ``~`` and 8 hex digits of its SHA-256, so that long ids stay distinct."""
    if value.__class__ is str and len(value) <= MAX_ID_BYTES and value.isascii() and _is_plain(value):
        return str(value)  # As nearly all are: asked for each rollout.
    line = _repaired(_str(value), ledger).translate(_SPACED).replace("/", "_").replace("\\", "_").strip()
    return default if line in {"", ".", ".."} else shortened(line, MAX_ID_BYTES)


def _repaired(line: str, ledger: Ledger | None) -> str:
    full = without_surrogates(line)
    if ledger is not None and full is not line:
        ledger.count("repaired_texts")
    return full


def _is_plain(value: str) -> bool:
    return value.replace("-", "").isalnum()


def run_identifier(value: Any, ledger: Ledger | None = None) -> str:
    """The id of a run, as :func:`identifier`. Raises ``ValueError`` for one that is too long: cut, it would
    name another run."""
    found = identifier(value, "run", ledger)
    size = len(without_surrogates(_str(value)).strip().encode())
    if size > MAX_ID_BYTES:
        raise ValueError(
            f"the id is {shown(value)}, {size} bytes long; the id of a run has at most {MAX_ID_BYTES} bytes"
        )
    return found


def optional_label(value: Any, ledger: Ledger | None = None) -> str | None:
    """A one-line text as :func:`label` makes it; ``None`` where it is empty."""
    return None if value is None else label(value, "", ledger) or None


def words(value: Any) -> tuple[str, ...]:
    """Several names as texts; a text alone is one name."""
    if value.__class__ is tuple and not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(_str, value))


def text(value: Any, ledger: Ledger | None = None, limit: int = MAX_TEXT_BYTES) -> str:
    """Free text of at most ``limit`` bytes; what is longer is cut, with a marker of how much is missing."""
    full = value if value.__class__ is str else as_text(value)
    if len(full) * 4 <= limit:
        return full
    raw = full.encode("utf-8", "surrogatepass")
    if len(raw) <= limit:
        return full
    if ledger is not None:
        ledger.count("cut_texts")
        ledger.warn(
            "cut", f"a text of {len(raw)} bytes was cut to {limit} (reported once; see stats['cut_texts'])"
        )
    beginning = cut(full, limit - 64)
    missing = len(raw) - len(beginning.encode("utf-8", "surrogatepass"))
    return f"{beginning}\n[cut by gauntlet: {missing} bytes are missing]"


def as_text(value: Any) -> str:
    """Any object as text: a str as it is, a model by its JSON, anything else by its preview."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        dump = getattr(value, "model_dump_json", None)
        if callable(dump):
            return str(dump())
    except Exception:
        pass  # A half-built model still has a repr.
    seen = preview(value)
    return seen if isinstance(seen, str) else json.dumps(seen, ensure_ascii=False)


def shown(value: Any, most: int = 60) -> str:
    """A value as a warning shows it: its repr, cut."""
    try:
        full = repr(value)
    except Exception as error:
        full = _no_repr(value, error)
    return full if len(full) <= most else full[: most - 3] + "..."


def _str(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return str(value)
    except Exception as error:
        return _no_repr(value, error)


def _no_repr(value: Any, error: Exception) -> str:
    return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def preview(value: Any, limit: int = MAX_PREVIEW) -> Any:
    """``value`` as JSON of at most about ``limit`` bytes: plain data stays data, all else becomes its
    repr."""
    return json_safe(value, _Budget(limit))


def object_of(values: Any, ledger: Ledger | None = None) -> dict[str, Any]:
    """A mapping as a JSON object, whatever it holds; NaN and infinities become text. Of an object with
    attributes (an ``argparse.Namespace``, a dataclass) these are taken; anything else is kept as ``value``.
    With a ``ledger`` texts are repaired and counted here, and not where the event is written."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        attributes = getattr(values, "__dict__", None)
        values = attributes if isinstance(attributes, dict) else {"value": values}
    safe = json_safe(values, _Budget(MAX_OBJECT))
    if ledger is not None:
        safe, count = repaired(safe)
        if count:
            ledger.count("repaired_texts", count)
    return safe if isinstance(safe, dict) else {}


def mime_type_of(name: str) -> str:
    """The MIME type for the suffix of a file's name, the same on every machine: the system's table may have
    another program's type for a checkpoint of torch (``.pt``)."""
    import mimetypes  # Not before: most runs have no file.

    ending = Path(name).suffix.lower()
    return _MIME_TYPES.get(ending) or mimetypes.MimeTypes().guess_type(name, strict=False)[0] or _BINARY


def copy_hashed(path: Path, copy: Path | None = None) -> str:
    """The SHA-256 of a file, read in chunks, and copied to ``copy`` where that is given."""
    digest = hashlib.sha256()
    with path.open("rb") as file, open_private(copy, "wb") if copy is not None else nullcontext() as out:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            if out is not None:
                out.write(chunk)
    return digest.hexdigest()


class _Budget:
    """How many bytes may still be written."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, full: str) -> str:
        size = len(full) if full.isascii() else len(full.encode("utf-8", "surrogatepass"))
        if size > self.left:
            full, size = cut(full, max(self.left, 0)) + "…", self.left + 3
        self.left -= size
        return full


def json_safe(value: Any, budget: _Budget, depth: int = 0) -> Any:
    """``value`` as plain JSON data within a budget. Never raises."""
    if value is None or value is True or value is False:
        budget.left -= 4
        return value
    if isinstance(value, str):
        return budget.take(str(value))
    if isinstance(value, (int, float)):
        budget.left -= 8
        if isinstance(value, int) and abs(value) < 1 << 63:
            return int(value)
        return float(value) if isinstance(value, float) and math.isfinite(value) else str(value)
    try:
        if depth < _DEEPEST:
            if isinstance(value, Mapping):
                return _object(value, budget, depth)
            if isinstance(value, (list, tuple, set, frozenset)):
                return _array(value, budget, depth)
        if hasattr(value, "item") and getattr(value, "size", None) == 1:
            return json_safe(value.item(), budget, depth + 1)
        return budget.take(_repr(value))
    except Exception as error:
        return budget.take(_no_repr(value, error))


def _object(value: Mapping[Any, Any], budget: _Budget, depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, item in value.items():
        if budget.left <= 0:
            out["…"] = f"{len(value) - len(out)} more"
            break
        # Different keys with the same text, such as 1 and "1", all stay.
        name = free_key(budget.take(str(key)), out)
        out[name] = json_safe(item, budget, depth + 1)
    return out


def _array(value: Any, budget: _Budget, depth: int) -> list[Any]:
    out: list[Any] = []
    for item in value:
        if budget.left <= 0:
            out.append(f"… {len(value) - len(out)} more")
            break
        out.append(json_safe(item, budget, depth + 1))
    return out


def _repr(value: Any) -> str:
    """A repr that stays cheap: big arrays are shown by type and shape."""
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(value, type):
        return f"<{type(value).__name__} shape={tuple(shape)} dtype={getattr(value, 'dtype', '?')}>"
    return repr(value)
