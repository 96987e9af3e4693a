"""``@gauntlet.observe``: a function's calls as steps, with arguments, result, duration and exceptions."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar, overload

from . import context
from .episodes import Episode, ToolCall
from .run import current_run
from .values import as_text

__all__ = ["observe"]

F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["tool", "episode"]

#: Most items of a generator that its result shows.
_SHOWN_ITEMS = 20


@overload
def observe(function: F) -> F: ...


@overload
def observe(*, name: str | None = None, kind: Kind = "tool") -> Callable[[F], F]: ...


def observe(function: Any = None, *, name: str | None = None, kind: Kind = "tool") -> Any:
    """Records every call of a function: sync, async, generator or async generator.

    ``kind="tool"`` makes a ``tool_call`` and a ``tool_result`` in the current episode; calls inside it have
    it as their parent. ``kind="episode"`` makes the call an episode of its own. Exceptions are recorded and
    raised again. Without a run the function is called and nothing else happens.
    """
    if kind not in ("tool", "episode"):
        raise ValueError(f"kind is {kind!r}; use 'tool' or 'episode'")
    if function is None:
        return functools.partial(observe, name=name, kind=kind)
    import inspect

    try:
        signature: inspect.Signature | None = inspect.signature(function)
    except (TypeError, ValueError):
        signature = None
    shown = name or getattr(function, "__qualname__", type(function).__name__).replace("<locals>.", "")

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> ToolCall | Episode | None:
        run = current_run()
        if run is None or run.journal.off:
            return None
        try:
            if kind == "episode":
                return run.episode(task=shown).start()
            inside = context.inside()
            episode = inside if isinstance(inside, Episode) else None
            journal = run.journal if episode is None else episode.journal
            return ToolCall(journal, episode, shown, _arguments(signature, args, kwargs)).start()
        except Exception as error:
            run.journal.ledger.bug("observing a call", error)
            return None

    def end(call: ToolCall | Episode | None, result: Any, error: BaseException | None) -> None:
        if call is None:
            return
        try:
            if isinstance(call, ToolCall):
                call.result = result
            call.finish(None if isinstance(error, (GeneratorExit, StopIteration)) else error)
        except Exception as failure:
            call.journal.ledger.bug("observing a call", failure)

    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            call, items = begin(args, kwargs), _Items()
            try:
                async for item in function(*args, **kwargs):
                    items.add(item)
                    with _outside(call):
                        yield item
            except BaseException as error:
                end(call, items.summary(), error)
                raise
            end(call, items.summary(), None)

        return async_generator

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            call, items = begin(args, kwargs), _Items()
            try:
                result = yield from items.passing(function(*args, **kwargs), call)
            except BaseException as error:
                end(call, items.summary(), error)
                raise
            end(call, items.summary(), None)
            return result

        return generator

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            call = begin(args, kwargs)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                end(call, None, error)
                raise
            end(call, result, None)
            return result

        return coroutine

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            end(call, None, error)
            raise
        end(call, result, None)
        return result

    return plain


@contextmanager
def _outside(call: ToolCall | Episode | None) -> Iterator[None]:
    """While a generator is suspended, its caller is not inside the call."""
    if call is None:
        yield
        return
    call.leave()
    try:
        yield
    finally:
        call.enter()


class _Items:
    """The first items of a generator, and how many there were."""

    def __init__(self) -> None:
        self.first: list[Any] = []
        self.count = 0

    def add(self, item: Any) -> None:
        self.count += 1
        if len(self.first) < _SHOWN_ITEMS:
            self.first.append(item)

    def passing(self, inner: Any, call: ToolCall | Episode | None) -> Generator[Any, Any, Any]:
        """The inner generator, seen through: values sent in and thrown in reach it."""
        sent = None
        try:
            item = next(inner)
            while True:
                self.add(item)
                try:
                    with _outside(call):
                        sent = yield item
                except GeneratorExit:
                    inner.close()
                    raise
                except BaseException as error:
                    item = inner.throw(error)
                else:
                    item = inner.send(sent)
        except StopIteration as end:
            return end.value

    def summary(self) -> dict[str, Any]:
        return {"items": self.first, "count": self.count}


def _arguments(signature: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    if signature is not None:
        try:
            bound = dict(signature.bind(*args, **kwargs).arguments)
            for receiver in ("self", "cls"):
                if receiver in bound and next(iter(bound)) == receiver:
                    del bound[receiver]
            return bound
        except TypeError:
            pass  # The call itself will raise what is wrong.
    return {**{str(i): value for i, value in enumerate(args)}, **{as_text(k): v for k, v in kwargs.items()}}
