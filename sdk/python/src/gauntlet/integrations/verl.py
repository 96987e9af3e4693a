"""verl: every answer that a reward function scores, and what the trainer measures.

Wrap the function that ``custom_reward_function`` names, in the file it names::

    from gauntlet.integrations.verl import watch_score

    @watch_score
    def compute_score(data_source, solution_str, ground_truth, extra_info=None): ...

and let the trainer log here by two settings of the job::

    export VERL_USE_EXTERNAL_MODULES=gauntlet.integrations.verl_plugin
    trainer.logger='["console","gauntlet"]'

verl scores in worker processes of its own. ``export OTEL_RESOURCE_ATTRIBUTES=gauntlet.run.id=my-run`` before
Ray starts makes all of them write into one run.

Each scored answer is a rollout: ``root`` is the score, every other number of a returned mapping a path beside
it, the answer the action, the question of ``extra_info`` the observation. An answer whose scoring raised has
failed. verl does not pass the step to a reward function; see ``rollouts_per_step``.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..episodes import error_of
from ..events import StepError
from ..values import number
from ._rollouts import record_rollout
from ._shared import Source, guarded, unique
from ._text import conversation_text

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["GauntletLogger", "register", "watch_score"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: Where data sets of verl's examples keep what the agent was asked.
_QUESTIONS = ("question", "prompt", "problem", "query")


@overload
def watch_score(compute_score: _Function) -> _Function: ...


@overload
def watch_score(
    compute_score: None = None, *, run: Run | None = None, rollouts_per_step: int = 1
) -> Callable[[_Function], _Function]: ...


def watch_score(
    compute_score: _Function | None = None, *, run: Run | None = None, rollouts_per_step: int = 1
) -> _Function | Callable[[_Function], _Function]:
    """A reward function of verl, watched: plain or ``async``, for one answer or (``batch``) for lists of
    them.

    ``rollouts_per_step`` is how many answers this process scores in one training step:
    ``data.train_batch_size * actor_rollout_ref.rollout.n / reward.num_workers``. As it is 1 by default, each
    answer is a step of its own. ``run`` is where they go; without it the current run, else one that is begun
    with the first answer.
    """
    watched = functools.partial(_watched, Source(run, joins=True, kind="verl"), max(1, rollouts_per_step))
    return watched if compute_score is None else watched(compute_score)


def _watched(source: Source, per_step: int, compute_score: _Function) -> _Function:
    parameters = inspect.signature(compute_score).parameters
    names = [name for name, p in parameters.items() if p.kind is not p.VAR_KEYWORD]
    answers = _Answers(source, per_step, names, getattr(compute_score, "__name__", "compute_score"))
    wrapped: Callable[..., Any]
    if inspect.iscoroutinefunction(compute_score):

        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            try:
                result = await compute_score(*args, **kwargs)
            except BaseException as error:
                answers.failed(args, kwargs, error)
                raise
            answers.record(args, kwargs, result)
            return result

        wrapped = asynchronous
    else:

        def synchronous(*args: Any, **kwargs: Any) -> Any:
            try:
                result = compute_score(*args, **kwargs)
            except BaseException as error:
                answers.failed(args, kwargs, error)
                raise
            answers.record(args, kwargs, result)
            return result

        wrapped = synchronous
    return functools.wraps(compute_score)(wrapped)  # type: ignore[return-value]


class _Answers:
    """The answers that one process has scored. A copy in another process counts its own: several processes
    score the answers of one step."""

    def __init__(self, source: Source, per_step: int, names: Sequence[str], function: str) -> None:
        self._source = source
        self._per_step = per_step
        self._names = names
        self._function = function
        self._counter = itertools.count()

    def __reduce__(self) -> tuple[Any, ...]:
        return _Answers, (self._source, self._per_step, self._names, self._function)

    @guarded
    def record(self, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> None:
        """Records one call of the reward function."""
        for call, score in _each(self._call(args, kwargs), result):
            self._record(call, score, None)

    @guarded
    def failed(self, args: Sequence[Any], kwargs: Mapping[str, Any], error: BaseException) -> None:
        """Records one call that raised: its answers have failed."""
        details = error_of(error)
        for call, score in _each(self._call(args, kwargs), None):
            self._record(call, score, details)
            # The same exception for all of them: its traceback stays with the first.
            details = StepError(details.type_, details.message)

    def _call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return {**dict(zip(self._names, args, strict=False)), **kwargs}

    def _record(self, call: Mapping[str, Any], result: Any, error: StepError | None) -> None:
        extra = call.get("extra_info")
        extra = dict(extra) if isinstance(extra, Mapping) else {}
        scores: dict[str, float] = {}
        details: dict[str, Any] = {}
        for name, value in (result if isinstance(result, Mapping) else {"score": result}).items():
            # A text is a detail about the answer, even where it is a number.
            found = number(value) if name == "score" or not isinstance(value, str) else None
            if found is not None:
                scores["root" if name == "score" else str(name)] = found
            elif value is not None:
                details[str(name)] = value
        asked = next((extra[name] for name in _QUESTIONS if extra.get(name) is not None), "")
        step = next(self._counter) // self._per_step
        record_rollout(
            self._source.run(),
            scores,
            episode=unique(f"answer-{step}"),
            step=step,
            action=conversation_text(call.get("solution_str", "")),
            observation=conversation_text(asked),
            not_evaluated=() if "root" in scores else ("root",),
            metadata={
                "data_source": call.get("data_source"),
                "ground_truth": call.get("ground_truth"),
                **details,
                **{name: value for name, value in extra.items() if name not in _QUESTIONS},
            },
            error=error,
            raised_in=None if error is None else self._function,
        )


def _each(call: Mapping[str, Any], result: Any) -> list[tuple[Mapping[str, Any], Any]]:
    """One call of a reward function as its answers: the `batch` reward manager passes lists, the others one
    each. An answer without a result was not scored."""
    answers = call.get("solution_strs")
    if answers is None:
        return [(call, result)]
    singular = {"data_sources": "data_source", "ground_truths": "ground_truth", "extra_infos": "extra_info"}
    results = () if result is None else list(result)
    found: list[tuple[Mapping[str, Any], Any]] = []
    for i, answer in enumerate(answers):
        one = {name: call[many][i] for many, name in singular.items() if call.get(many) is not None}
        found.append(({**one, "solution_str": answer}, results[i] if i < len(results) else None))
    return found


class GauntletLogger:
    """One backend of verl's ``Tracking``: ``log`` and ``finish``, as its trainer calls them."""

    def __init__(self, project_name: str, experiment_name: str, config: Any = None) -> None:
        self._source = Source(project=project_name, name=experiment_name, kind="verl", config=_plain(config))
        self._source.run()

    @guarded
    def log(self, data: Mapping[str, Any], step: int) -> None:
        """The numbers of a training step, under ``metrics``; what is not a number is left to the other
        backends."""
        self._source.run().metrics({k: v for k, v in data.items() if number(v) is not None}, step=step)

    @guarded
    def finish(self, exit_code: int = 0) -> None:
        """Ends the run: failed where ``exit_code`` is not 0."""
        self._source.finish("completed" if exit_code == 0 else "failed")


def _plain(config: Any) -> dict[str, Any]:
    """verl's configuration, which is omegaconf's or a mapping."""
    if config is None:
        return {}
    if hasattr(config, "_metadata"):
        from omegaconf import OmegaConf

        config = OmegaConf.to_container(config, resolve=True)
    return dict(config)


_registered = threading.Lock()


def register(tracking: Any = None) -> None:
    """Makes ``gauntlet`` a name that verl's ``trainer.logger`` understands. Doing it twice changes nothing.

    ``tracking`` is verl's ``Tracking`` class; without it the installed one.
    """
    if tracking is None:
        from verl.utils.tracking import Tracking

        tracking = Tracking
    with _registered:
        if "gauntlet" in tracking.supported_backend:
            return
        tracking.supported_backend = [*tracking.supported_backend, "gauntlet"]
        begin, end = tracking.__init__, tracking.finish

        @functools.wraps(begin)
        def begin_both(
            self: Any,
            project_name: str,
            experiment_name: str,
            default_backend: Any = "console",
            config: Any = None,
        ) -> None:
            begin(self, project_name, experiment_name, default_backend, config)
            if "gauntlet" in ([default_backend] if isinstance(default_backend, str) else default_backend):
                self.logger["gauntlet"] = GauntletLogger(project_name, experiment_name, config)

        @functools.wraps(end)
        def finish(self: Any, exit_code: int = 0) -> None:
            mine = getattr(self, "logger", {}).get("gauntlet")
            end(self, exit_code)
            if mine is not None:
                mine.finish(exit_code)

        tracking.__init__, tracking.finish = begin_both, finish
