"""OpenEnv: every episode of an environment, and every step's action, observation and reward.

::

    from gauntlet.integrations.openenv import watch_environment

    env = watch_environment(MyEnvironment())

That is all: ``reset`` begins an episode, ``step`` records what was done and seen, ``done`` ends it. A step
that raises is a failed one, and the loop gets the exception. If the environment has a rubric, its complete
tree is watched, so each step shows which rubric gave what. Without one the reward alone is the score of the
step. It takes an ``Environment``, sync or async, and equally a client of one that runs elsewhere
(``EnvClient`` or its ``sync()``); a server gives its sessions watched environments by ``create_app(lambda:
watch_environment(MyEnvironment()), ...)``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from ..episodes import Episode, error_of, record_step
from ..observer import Watch, watch
from ..values import number
from ._rollouts import exception_of
from ._shared import Source, guarded, unique

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["watch_environment"]

_Environment = TypeVar("_Environment")

#: The environment whose step is under way: an asynchronous step that calls the synchronous one is one step.
_under_way: ContextVar[_Watched | None] = ContextVar("gauntlet_openenv", default=None)


def watch_environment(env: _Environment, *, run: Run | None = None) -> _Environment:
    """The same environment, watched from its next ``reset`` on.

    ``run`` is where it goes; without it the current run, else one that is begun with the first reset. Steps
    count up over all episodes of this environment, from 1.
    """
    watched = _Watched(Source(run, kind="environment"), env)
    # Whatever a class does not override is left to the base class, which calls the method that is watched.
    for name in ("reset", "step", "reset_async", "step_async", "close"):
        method = getattr(env, name, None)
        if method is not None and not _is_base(method):
            setattr(env, name, watched.wrap(method, name.removesuffix("_async")))
    return env


def _is_base(method: Any) -> bool:
    """Whether it is one of OpenEnv's own, which only call another of the environment's methods."""
    return getattr(method, "__module__", "") == "openenv.core.env_server.interfaces"


class _Watched:
    """What is known of one environment: its episode, its count of steps, the watch on its rubric."""

    def __init__(self, source: Source, env: Any) -> None:
        self._source = source
        self._env = env
        self._steps = 0
        self._episode: Episode | None = None
        self._watch: Watch | None = None
        self._rubric: Any = None

    def wrap(self, method: Callable[..., Any], what: str) -> Callable[..., Any]:
        """That method of the environment, recorded."""
        before = {"reset": self._before_reset, "step": self._before_step, "close": self._before_reset}[what]
        after = {"reset": self._after_reset, "step": self._after_step, "close": self._after_close}[what]

        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                if _under_way.get() is self:
                    return await method(*args, **kwargs)
                token = _under_way.set(self)
                calls_before = before(args, kwargs)
                try:
                    result = await method(*args, **kwargs)
                except BaseException as error:
                    self._failed(what, calls_before, error, args, kwargs)
                    raise
                finally:
                    _under_way.reset(token)
                after(calls_before, args, kwargs, result)
                return result

            return asynchronous

        @functools.wraps(method)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            if _under_way.get() is self:
                return method(*args, **kwargs)
            token = _under_way.set(self)
            calls_before = before(args, kwargs)
            try:
                result = method(*args, **kwargs)
            except BaseException as error:
                self._failed(what, calls_before, error, args, kwargs)
                raise
            finally:
                _under_way.reset(token)
            after(calls_before, args, kwargs, result)
            return result

        return synchronous

    @guarded
    def _before_reset(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Whatever was played until now has ended, finished or not."""
        if self._episode is not None:
            self._end("cancelled" if self._episode.error is None else None)

    @guarded
    def _after_reset(
        self, calls_before: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        self._look_for_rubric()
        named = kwargs.get("episode_id") or _episode_id(self._env)
        seed = kwargs.get("seed")
        episode = self._new_episode(named, {} if seed is None else {"seed": seed})
        episode.observation(_observation(result))

    def _new_episode(self, named: Any, metadata: dict[str, Any]) -> Episode:
        """Begins an episode. The name that the environment gives it is part of its id and not all of it:
        another process, or a later reset, may play an episode of the same name."""
        id = None
        if isinstance(named, str) and named:
            id, metadata = unique(named), {"episode_id": named, **metadata}
        episode = self._episode = Episode(self._source.run(), type(self._env).__name__, id, metadata)
        # It is entered for the time of each step only: the code between two steps may play another
        # environment.
        episode.start().leave()
        # Its steps are rollouts; a reset that nothing follows is none.
        episode.scored = True
        return episode

    @guarded
    def _before_step(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """The rubric's calls so far, to see whether this step is scored by it."""
        self._look_for_rubric()
        episode = self._episode or self._new_episode(None, {})
        self._steps += 1
        episode.enter()
        return self._watch.calls if self._watch is not None else 0

    @guarded
    def _after_step(
        self, calls_before: int | None, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        episode = self._episode
        if episode is None:
            return
        episode.leave()
        episode.error = None
        reward = number(getattr(result, "reward", None))
        if self._watch is None or self._watch.calls == calls_before:
            episode.rollout(
                {} if reward is None else {"root": reward},
                action=args[0] if args else kwargs.get("action", ""),
                observation=_observation(result),
                step=self._steps,
                not_evaluated=("root",) if reward is None else (),
            )
        if reward is not None:
            episode.reward(reward)
        if getattr(result, "done", False):
            self._end("completed")

    @guarded
    def _after_close(self, *_: Any) -> None:
        if self._watch is not None:
            self._watch.detach()
            self._watch = self._rubric = None

    @guarded
    def _failed(
        self,
        what: str,
        calls: int | None,
        error: BaseException,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """The environment itself failed: a step is a rollout that failed, a reset an episode that did.
        Whether a step ends the episode is for the loop to decide; nothing more coming, the episode has failed
        by it."""
        if what == "close" and self._episode is None:
            return
        episode = self._episode or self._new_episode(kwargs.get("episode_id"), {})
        raised = error_of(error)
        episode.error = error
        record_step(episode.journal, "error", {}, name=what, error=raised, episode=episode)
        if what != "step":
            episode.scored = False
            self._end(None)
            return
        if self._watch is not None:
            self._watch.abandon()
            if self._watch.calls != calls:
                # What the rubric gave before the step failed is a rollout already, and stays one.
                self._steps += 1
        episode.leave()
        episode.rollout(
            {},
            action=args[0] if args else kwargs.get("action", ""),
            step=self._steps,
            not_evaluated=("root",),
            failures=("generic",) if isinstance(error, Exception) else (),
            metadata={"exception": {**exception_of(raised), "raised_in": what}},
        )

    def _end(self, status: Any) -> None:
        episode, self._episode = self._episode, None
        if episode is not None:
            episode.status = status
            episode.enter()
            episode.finish()

    def _look_for_rubric(self) -> None:
        """Watches the environment's rubric, which may be set or replaced at any time."""
        rubric = getattr(self._env, "rubric", None)
        if rubric is self._rubric:
            return
        if self._watch is not None:
            self._watch.detach()
        self._rubric = rubric
        self._watch = (
            watch(rubric, run=self._source.run(), step=lambda: self._steps)
            if hasattr(rubric, "named_rubrics")
            else None
        )


def _episode_id(env: Any) -> Any:
    """The name that the environment itself gives its episode; a client is not asked for it."""
    try:
        return getattr(getattr(env, "state", None), "episode_id", None)
    except Exception:
        return None


def _observation(result: Any) -> Any:
    """What was seen: a client wraps it together with the reward."""
    return getattr(result, "observation", result)
