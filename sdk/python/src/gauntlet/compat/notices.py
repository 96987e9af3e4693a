"""What a script asks of wandb that has no meaning here: reported once, replaced by an object that accepts
all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..ledger import Ledger
from ..run import current_run

__all__ = ["Nothing", "notice"]

_runless = Ledger()


def notice(name: str, message: str) -> None:
    """Warns of ``message``, once for each ``name``."""
    run = current_run()
    (_runless if run is None else run.journal.ledger).warn(f"wandb {name}", message)


class Nothing:
    """Accepts every call, attribute and item, and is empty: replaces what does not exist here."""

    def __init__(self, name: str, *_: Any, **__: Any) -> None:
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Itself; the function where it is used as a decorator."""
        return args[0] if len(args) == 1 and not kwargs and callable(args[0]) else self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(f"{self._name}.{name}")

    def __getitem__(self, _: Any) -> Nothing:
        return self

    def __setitem__(self, _: Any, __: Any) -> None: ...

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *_: Any) -> None: ...

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        return (Nothing,)

    def __repr__(self) -> str:
        return f"<{self._name}: not available in Gauntlet>"

    __str__ = __repr__
