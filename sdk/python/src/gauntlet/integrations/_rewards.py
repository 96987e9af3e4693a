"""What the reward functions of one TRL trainer give, gathered to rollouts."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..episodes import error_of
from ..events import StepError
from ..values import number
from ._rollouts import record_rollout
from ._shared import Source, guarded, rank, unique
from ._text import conversation_text

if TYPE_CHECKING:
    from ..run import Run

__all__ = ["Rewards"]

#: What TRL passes to reward functions besides the columns of the task.
_NO_COLUMN = frozenset(
    {"prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric", "environments"}
)


@dataclass
class _Batch:
    """One call of every reward function on the same completions."""

    prompts: Sequence[Any]
    completions: Sequence[Any]
    columns: dict[str, Sequence[Any]]
    step: int
    split: str
    #: Completions of one prompt: how many, and the name of the group without its number.
    group_size: int
    group: str
    #: The trainer, where its `log_extra` reveals which one it is.
    trainer: Any
    scores: dict[int, Sequence[Any]] = field(default_factory=dict)
    #: Scores that a function measured beside its reward (`log_metric`).
    metrics: dict[str, list[float]] = field(default_factory=dict)
    error: StepError | None = None
    raised_in: str | None = None
    #: The episodes of the completions, once they are recorded.
    episodes: list[str] = field(default_factory=list)


class Rewards:
    """Gathers what the reward functions of one trainer give, and records a batch once all of them have
    answered or one has raised."""

    #: All that are in use, for the callback to find the ones of its trainer.
    known: weakref.WeakSet[Rewards] = weakref.WeakSet()

    def __init__(self, source: Source, weights: Sequence[float] | None) -> None:
        self.source = source
        self.weights = weights
        self.bound = False
        #: Whether the trainer is inside a training step; `None` without a callback.
        self.training: bool | None = None
        self._names: list[str] = []
        self._weight_at: list[int] = []
        self._lock = threading.RLock()
        self._batch: _Batch | None = None
        #: The batch that failed last: functions that ran beside the one that raised may still answer.
        self._failed: _Batch | None = None
        #: Recorded batches whose advantages the trainer has still to work out.
        self._awaiting: list[_Batch] = []
        self._early: dict[int, Sequence[Any]] = {}
        self._batches = (-1, "", 0)
        self._claimed = 0
        #: The run that records everything outstanding before it ends.
        self._settled_run: weakref.ref[Run] | None = None
        Rewards.known.add(self)

    def watch(self, function: Any) -> Any:
        """`function`, made to report here."""
        place, self._claimed = self._claimed, self._claimed + 1
        if isinstance(function, str):
            return function
        index = len(self._names)
        self._names.append(_free(_name_of(function), {"root", *self._names}))
        self._weight_at.append(place)
        if hasattr(function, "register_forward_hook"):
            function.register_forward_hook(self._model_hook(index), always_call=True)
            return function
        return (_AsyncReporting if _is_async(function) else _Reporting)(function, self, index)

    def _model_hook(self, index: int) -> Callable[..., None]:
        # A reward model sees tokens only, so its scores wait for the function that shows the texts.
        @guarded
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            with self._lock:
                if output is None:
                    # Called all the same where the model raised, while the exception is on its way.
                    error = sys.exc_info()[1]
                    if self._batch is not None and error is not None:
                        self._fail(self._batch, index, error)
                    return
                scores = output.logits[:, 0].tolist()
                batch = self._batch
                if batch is None or index in batch.scores:
                    self._early[index] = scores
                else:
                    self._take(batch, index, scores)

        return hook

    def __getstate__(self) -> dict[str, Any]:
        shared = {"source", "weights", "bound", "training", "_names", "_weight_at", "_given"}
        return {name: value for name, value in vars(self).items() if name in shared}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["source"], state["weights"])  # type: ignore[misc]
        vars(self).update(state)

    # What the functions report

    @guarded
    def begin(self, index: int, call: Mapping[str, Any]) -> dict[str, Any]:
        """A function is about to be called; the call to make, with loggers that record what it logs beside
        its rewards."""
        with self._lock:
            batch = self._batch_of(index, call)
        heard = dict(call)
        for name, hear in (("log_extra", self._extra), ("log_metric", self._metric)):
            if callable(logs := call.get(name)):
                heard[name] = functools.partial(_both, logs, functools.partial(hear, batch, index))
        return heard

    @guarded
    def report(self, index: int, call: Mapping[str, Any], scores: Any) -> None:
        """A function has answered."""
        with self._lock:
            batch = self._batch_of(index, call)
            try:
                values = list(scores)
                if len(values) != len(batch.completions):
                    raise ValueError(f"{len(values)} rewards for {len(batch.completions)} completions")
            except (TypeError, ValueError) as error:
                # The trainer refuses such an answer as soon as it has it.
                self._fail(batch, index, error)
            else:
                self._take(batch, index, values)

    @guarded
    def failed(self, index: int, call: Mapping[str, Any], error: BaseException) -> None:
        """A function has raised: the trainer calls no other one for this batch."""
        with self._lock:
            self._fail(self._batch_of(index, call), index, error)

    @guarded
    def settle(self, last: bool = False) -> None:
        """Adds the advantages that the trainer has worked out since; at the end (`last`) records what is
        open."""
        with self._lock:
            awaiting, self._awaiting = self._awaiting, []
            for batch in awaiting:
                self._add_advantages(batch)
            if last and self._batch is not None:
                self._record(self._batch)

    def _extra(self, batch: _Batch, index: int, column: str, values: Any) -> None:
        with self._lock:
            name = str(column)
            if name in batch.columns:
                name = _free(f"{self._names[index]}.{name}", set(batch.columns))
            batch.columns[name] = list(values)

    def _metric(self, batch: _Batch, index: int, name: str, value: Any) -> None:
        with self._lock:
            if (found := number(value)) is not None:
                batch.metrics.setdefault(str(name), []).append(found)

    def _batch_of(self, index: int, call: Mapping[str, Any]) -> _Batch:
        """The batch of that call: the one that is open, the one that just failed, or a new one."""
        completions = call["completions"]
        if self._batch is not None and self._batch.completions is completions:
            return self._batch
        late = self._failed
        if late is not None and late.completions is completions and self._owes(late, index):
            return late
        if self._batch is not None:
            self._record(self._batch)
        self.settle()
        self._failed = None
        batch = self._batch = self._open(call)
        batch.scores.update(self._early)
        self._early.clear()
        return batch

    def _owes(self, batch: _Batch, index: int) -> bool:
        """Whether that function has still to answer for the batch; one that has is called for a new one."""
        return index not in batch.scores and self._names[index] != batch.raised_in

    def _open(self, call: Mapping[str, Any]) -> _Batch:
        run = self.source.run()
        if self._settled_run is None or self._settled_run() is not run:
            self._settled_run = weakref.ref(run)
            run.journal.before_finish.append(functools.partial(self.settle, last=True))
        trainer = getattr(call.get("log_extra"), "__self__", None)
        training = self.training
        if training is None:
            training = bool(getattr(getattr(trainer, "model", None), "training", True))
        done = int(getattr(call.get("trainer_state"), "global_step", 0))
        # What is generated now feeds the step that has not been counted yet; an evaluation belongs to the
        # last one.
        step, split = (done + 1, "train") if training else (done, "eval")
        count = self._batches[2] + 1 if self._batches[:2] == (step, split) else 0
        self._batches = (step, split, count)
        sizes = ("num_generations" if training else "num_generations_eval", "num_generations")
        size = next((found for name in sizes if isinstance(found := getattr(trainer, name, None), int)), 0)
        columns = {name: values for name, values in call.items() if name not in _NO_COLUMN}
        return _Batch(
            prompts=call["prompts"],
            completions=call["completions"],
            columns={name: values for name, values in columns.items() if isinstance(values, list | tuple)},
            step=step,
            split=split,
            group_size=size,
            group=f"{split}-{step}-{count}",
            trainer=trainer,
        )

    def _take(self, batch: _Batch, index: int, scores: Sequence[Any]) -> None:
        if batch is self._failed:
            batch.scores[index] = scores
            self._add(batch, self._names[index], scores, "trl")
            return
        batch.scores[index] = scores
        if len(batch.scores) == len(self._names):
            self._record(batch)

    def _fail(self, batch: _Batch, index: int, error: BaseException) -> None:
        if batch is self._failed:
            return
        batch.error, batch.raised_in = error_of(error), self._names[index]
        self._record(batch)
        self._failed = batch

    # What becomes of them

    def _record(self, batch: _Batch) -> None:
        self._batch = None
        run = self.source.run()
        group = _groups(batch)
        for i, completion in enumerate(batch.completions):
            scores, skipped = self._scores(batch, i)
            error = batch.error
            if error is not None and i:
                # The same exception for all of them: its traceback stays with the first.
                error = replace(error, traceback=None)
            batch.episodes.append(unique(f"{batch.split}-{batch.step}"))
            record_rollout(
                run,
                scores,
                episode=batch.episodes[-1],
                step=batch.step,
                action=conversation_text(completion),
                observation=conversation_text(batch.prompts[i]),
                not_evaluated=skipped,
                metadata={
                    "split": batch.split,
                    "group": next(group),
                    **{name: values[i] for name, values in batch.columns.items() if i < len(values)},
                },
                error=error,
                raised_in=batch.raised_in,
            )
        if batch.metrics and self.training is None:
            # With a callback they come with the trainer's logs.
            means = {name: sum(values) / len(values) for name, values in batch.metrics.items()}
            run.metrics(means, step=batch.step)
        if batch.error is None and batch.trainer is not None:
            self._awaiting.append(batch)

    def _scores(self, batch: _Batch, i: int) -> tuple[dict[str, float], list[str]]:
        """The scores of one completion and the names of the functions that did not judge it. The total is
        summed as TRL does: a completion that a function did not judge gets nothing from it, and one that none
        judged has no score."""
        scores: dict[str, float] = {}
        skipped: list[str] = []
        total = 0.0
        for index, name in enumerate(self._names):
            values = batch.scores.get(index, ())
            value = number(values[i]) if i < len(values) else None
            if value is None:
                skipped.append(name)
                continue
            scores[name] = value
            place = self._weight_at[index]
            weights = self.weights
            total += value * (float(weights[place]) if weights and place < len(weights) else 1.0)
        if scores and len(batch.scores) == len(self._names):
            scores["root"] = total
        else:
            # A batch that a function cut short has no reward: the trainer never summed it.
            skipped.append("root")
        return scores, skipped

    def _add_advantages(self, batch: _Batch) -> None:
        advantages = _advantages(batch)
        if advantages is None:
            self.source.run().journal.ledger.count("advantages_missing", len(batch.completions))
        else:
            self._add(batch, "metrics.advantage", advantages, "trl")

    def _add(self, batch: _Batch, path: str, values: Sequence[Any], source: str) -> None:
        run = self.source.run()
        for episode, value in zip(batch.episodes, values, strict=False):
            if number(value) is not None:
                run.score(path, value, step=batch.step, episode=episode, source=source)


def _groups(batch: _Batch) -> Iterator[str]:
    """The group of each completion: those of one prompt, which the trainer compares with each other."""
    if batch.group_size:
        first = _process(batch.trainer) * len(batch.completions)
        for i in range(len(batch.completions)):
            yield f"{batch.group}.{(first + i) // batch.group_size}"
        return
    group = 0
    for i, prompt in enumerate(batch.prompts):
        group += int(i > 0 and prompt != batch.prompts[i - 1])
        yield f"{batch.group}.{rank()}.{group}"


def _process(trainer: Any) -> int:
    return int(getattr(getattr(trainer, "accelerator", None), "process_index", 0))


def _advantages(batch: _Batch) -> list[float | None] | None:
    """The advantages that the trainer computed: the end of its table, which lists the processes one after
    another. ``None`` where that end belongs to other completions."""
    logs = getattr(batch.trainer, "_logs", None)
    if not isinstance(logs, Mapping) or "advantages" not in logs:
        return None
    completions, found = list(logs.get("completion", ())), list(logs["advantages"])
    count = len(batch.completions)
    processes = int(getattr(getattr(batch.trainer, "accelerator", None), "num_processes", 1))
    # Counted from the end: the table holds no more than one generation of the training.
    first = -processes * count + _process(batch.trainer) * count
    places = [first + i for i in range(count)]
    known = [place for place in places if -place <= min(len(found), len(completions))]
    if not known or any(completions[place] != batch.completions[place - first] for place in known):
        return None
    return [found[place] if -place <= min(len(found), len(completions)) else None for place in places]


def _both(logs: Callable[..., Any], hear: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls the trainer's function, then records the same arguments."""
    result = logs(*args, **kwargs)
    guarded(hear)(*args, **kwargs)
    return result


def _free(name: str, taken: set[str]) -> str:
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)


def _name_of(function: Any) -> str:
    """The name under which TRL logs a reward function."""
    while isinstance(function, functools.partial):
        function = function.func
    config = getattr(function, "config", None)
    model = getattr(config, "_name_or_path", "")
    if model:
        return str(model).rsplit("/", 1)[-1]
    return str(getattr(function, "__name__", type(function).__name__))


class _Reporting:
    """A reward function that reports what it gives. It keeps its name, as TRL reads that, and can be pickled
    if the function can, as TRL sends it to other processes where rollouts are made there."""

    def __init__(self, function: Callable[..., Any], rewards: Rewards, index: int) -> None:
        self.function = function
        self.rewards = rewards
        self.index = index
        self.__name__ = _name_of(function)
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, **call: Any) -> Any:
        heard = self.rewards.begin(self.index, call) or call
        try:
            scores = _listed(self.function(**heard))
        except BaseException as error:
            self.rewards.failed(self.index, call, error)
            raise
        self.rewards.report(self.index, call, scores)
        return scores


class _AsyncReporting(_Reporting):
    """The same for a coroutine function."""

    async def __call__(self, **call: Any) -> Any:
        heard = self.rewards.begin(self.index, call) or call
        try:
            scores = _listed(await self.function(**heard))
        except BaseException as error:
            self.rewards.failed(self.index, call, error)
            raise
        self.rewards.report(self.index, call, scores)
        return scores


def _listed(scores: Any) -> Any:
    """What can be read once only, as a list."""
    return list(scores) if isinstance(scores, Iterator) else scores


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
