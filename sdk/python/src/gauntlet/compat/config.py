"""``run.config`` and ``run.summary``: mappings whose keys are attributes too."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..values import number
from .notices import notice

__all__ = ["Config", "Summary", "config_of"]


class Settable(dict[str, Any]):
    """A dictionary whose items are attributes as well; ``changed`` is called after each change."""

    _changed: Callable[[], None]

    def __init__(self, values: Any = None, changed: Callable[[], None] | None = None) -> None:
        super().__init__(config_of(values))
        object.__setattr__(self, "_changed", changed or (lambda: None))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        self.pop(name, None)
        self._changed()

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._changed()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._changed()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def update(self, *values: Any, allow_val_change: bool | None = None, **more: Any) -> None:
        """Sets several; whatever can be a configuration is taken."""
        for one in (*values, more):
            super().update(config_of(one))
        self._changed()

    def as_dict(self) -> dict[str, Any]:
        """A copy as a plain dictionary."""
        return dict(self)


class Config(Settable):
    """``run.config``."""

    def setdefaults(self, values: Any) -> None:
        """Sets what is not there yet."""
        super().update({k: v for k, v in config_of(values).items() if k not in self})

    def update_locked(self, values: Any, *_: Any, **__: Any) -> None:
        """As :meth:`update`: nothing is locked here."""
        self.update(values)

    def persist(self) -> None:
        """Nothing to do: changes are recorded as they come."""


class Seen:
    """What a summary has of the logs: the last value of each name, and the aggregates that were asked for.

    An object of its own, because each log writes here and the attributes of :class:`Settable` are slow.
    """

    __slots__ = ("means", "rules", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        #: Patterns of names, each with ``min``, ``max`` or ``mean``.
        self.rules: list[tuple[str, str]] = []
        #: The sum and the count of each name with a mean.
        self.means: dict[str, tuple[float, int]] = {}


class Summary(Settable):
    """``run.summary``: what was set by hand, and the last value of each name that was logged.

    What :meth:`define` asked for is among what was set: ``loss.min`` and so on.
    """

    seen: Seen
    _set: set[str]

    def __init__(self, values: Any = None, changed: Callable[[], None] | None = None) -> None:
        super().__init__(values, changed)
        object.__setattr__(self, "seen", Seen())
        object.__setattr__(self, "_set", set(self))

    def define(self, pattern: str, aggregate: str) -> None:
        """Keeps ``min``, ``max``, ``mean`` or ``best`` of the names that match ``pattern``."""
        self.seen.rules.append((pattern, aggregate))

    def see(self, values: Mapping[str, Any]) -> None:
        """Takes the values of one log."""
        self.seen.values.update(values)
        if self.seen.rules:
            self.aggregate(values)

    def aggregate(self, values: Mapping[str, Any]) -> None:
        """Brings the aggregates up to date with the values of one log."""
        from fnmatch import fnmatchcase

        for name, value in values.items():
            found = number(value)
            for pattern, aggregate in self.seen.rules if found is not None else ():
                if fnmatchcase(name, pattern):
                    self._aggregate(name, aggregate, found or 0.0)

    def _aggregate(self, name: str, aggregate: str, value: float) -> None:
        key = f"{name}.{aggregate}"
        before = self.get(key) if key in self._set else None
        if aggregate == "mean":
            total, count = self.seen.means.get(name, (0.0, 0))
            self.seen.means[name] = (total + value, count + 1)
            value = (total + value) / (count + 1)
        elif before is not None:
            value = max(before, value) if aggregate == "max" else min(before, value)
        self[key] = value

    def __setitem__(self, name: str, value: Any) -> None:
        self._set.add(name)
        super().__setitem__(name, value)

    def update(self, *values: Any, allow_val_change: bool | None = None, **more: Any) -> None:
        """Sets several."""
        for one in (*values, more):
            for name, value in config_of(one).items():
                self[name] = value

    def __missing__(self, name: str) -> Any:
        return self.seen.values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """What was set, else what was logged last, else ``default``."""
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.seen.values

    def to_send(self) -> dict[str, Any]:
        """What was set by hand or asked for; what was logged is in the run already."""
        return {name: value for name, value in self.items() if name in self._set}


def config_of(values: Any) -> dict[str, Any]:
    """The configuration that ``values`` is: a mapping, the path of a JSON or YAML file, an
    ``argparse.Namespace``, a dataclass, a model, any object with attributes. What is none of these is warned
    of once and empty."""
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return dict(values)
    if isinstance(values, str | Path):
        return _from_file(Path(values))
    if type(values).__name__ == "Namespace":
        return dict(vars(values))
    if dataclasses.is_dataclass(values) and not isinstance(values, type):
        return dataclasses.asdict(values)
    for method in ("to_dict", "model_dump", "as_dict", "flag_values_dict", "_asdict"):
        found = _called(values, method)
        if found is not None:
            return found
    if isinstance(values, Iterable):
        try:
            return dict(values)
        except (TypeError, ValueError):
            pass
    attributes = getattr(values, "__dict__", None)
    if attributes is not None:
        names = (name for name in dir(values) if not name.startswith("_"))
        found = {name: getattr(values, name, None) for name in names}
        return {name: value for name, value in found.items() if not callable(value)}
    notice("config", f"a configuration of type {type(values).__name__} cannot be read; it is left out")
    return {}


def _called(values: Any, method: str) -> dict[str, Any] | None:
    call = getattr(type(values), method, None)
    try:
        found = call(values) if callable(call) else None
    except Exception:
        return None
    return dict(found) if isinstance(found, Mapping) else None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        notice("config file", f"the configuration {str(path)!r} cannot be read: {error}")
        return {}
    try:
        found = json.loads(raw)
    except ValueError:
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]

            found = yaml.safe_load(raw)
        except Exception as error:
            notice("config file", f"the configuration {str(path)!r} is neither JSON nor YAML: {error}")
            return {}
    if not isinstance(found, Mapping):
        return {"config": found}
    # In wandb's own files each name holds a description and a value.
    return {
        str(name): value["value"] if isinstance(value, Mapping) and "value" in value else value
        for name, value in found.items()
        if name != "wandb_version"
    }
