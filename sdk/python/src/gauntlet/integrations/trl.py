"""TRL: every completion of a GRPO training, with what each reward function gave it.

::

    from gauntlet.integrations.trl import GauntletCallback, watch_rewards

    trainer = GRPOTrainer(
        ...,
        reward_funcs=watch_rewards([correct, brief]),
        callbacks=[GauntletCallback(project="maths")],
    )

One rollout a completion: a score for each reward function under its name, ``root`` the weighted sum that TRL itself
takes, the prompt as observation, the completion as action, the task's other columns as metadata. The trainer's logs
become curves under ``metrics``, its arguments the run's configuration. Pause and stop in the browser act at the end
of a step. It works with every trainer that calls reward functions as GRPO does (RLOO, for one).
"""

from __future__ import annotations

import functools
import inspect
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from ..values import number
from ._shared import Source, guarded, identity, rank
from ._text import conversation_text

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from .. import Run

__all__ = ["GauntletCallback", "watch_rewards"]

#: What TRL passes to reward functions besides the columns of the task.
_NO_COLUMN = frozenset(
    {"prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric", "environments"}
)


def watch_rewards(
    reward_funcs: Any, *, run: Run | None = None, weights: Sequence[float] | None = None
) -> Any:
    """The same reward functions, watched; give them to the trainer in place of the bare ones.

    ``reward_funcs`` is what the trainer takes: one or a list, each a function, a coroutine function or a reward
    model. A reward model is returned as it is and watched by a forward hook; a model's name (a ``str``) is left
    alone and not watched. ``weights`` are the trainer's ``reward_weights``; without them those of the trainer that
    holds a :class:`GauntletCallback`, else 1 each. ``run`` is where rollouts go; without it the callback's run, else
    the current one.
    """
    functions = list(reward_funcs) if isinstance(reward_funcs, list | tuple) else [reward_funcs]
    rewards = _Rewards(Source(run), weights)
    watched = [rewards.watch(function) for function in functions]
    return watched if isinstance(reward_funcs, list | tuple) else watched[0]


@dataclass
class _Batch:
    """One call of every reward function on the same completions."""

    prompts: Sequence[Any]
    completions: Sequence[Any]
    columns: dict[str, Sequence[Any]]
    step: int
    split: str
    scores: dict[int, Sequence[Any]] = field(default_factory=dict)


class _Rewards:
    """Gathers what the reward functions of one trainer give, and records a batch once all of them have answered."""

    #: All that are in use, for the callback to find the ones of its trainer.
    known: weakref.WeakSet[_Rewards] = weakref.WeakSet()

    def __init__(self, source: Source, weights: Sequence[float] | None) -> None:
        self.source = source
        self.weights = weights
        self.bound = False
        #: Whether the trainer is inside a training step; `None` where no callback tells.
        self.training: bool | None = None
        self._names: list[str] = []
        self._weight_at: list[int] = []
        self._lock = threading.Lock()
        self._batch: _Batch | None = None
        self._early: dict[int, Sequence[Any]] = {}
        self._recorded = (-1, 0)
        self._given = 0
        _Rewards.known.add(self)

    def watch(self, function: Any) -> Any:
        """`function`, made to report here."""
        place, self._given = self._given, self._given + 1
        if isinstance(function, str):
            return function
        index = len(self._names)
        self._names.append(self._free_name(_name_of(function)))
        self._weight_at.append(place)
        if hasattr(function, "register_forward_hook"):
            function.register_forward_hook(self._model_hook(index))
            return function
        return (_AsyncReporting if _is_async(function) else _Reporting)(function, self, index)

    def _free_name(self, name: str) -> str:
        taken = {"root", *self._names}
        return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken)

    def _model_hook(self, index: int) -> Callable[..., None]:
        # A reward model sees tokens only, so its scores wait for the function that shows the texts.
        @guarded
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            scores = output.logits[:, 0].tolist()
            with self._lock:
                batch = self._batch
                if batch is None or index in batch.scores:
                    self._early[index] = scores
                else:
                    self._take(batch, index, scores)

        return hook

    def __getstate__(self) -> dict[str, Any]:
        own = {"_lock", "_batch", "_early"}
        return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["source"], state["weights"])  # type: ignore[misc]
        vars(self).update(state)

    @guarded
    def report(self, index: int, call: Mapping[str, Any], scores: Any) -> None:
        with self._lock:
            batch = self._batch
            if batch is None or batch.completions is not call["completions"]:
                if batch is not None:
                    self._record(batch)
                batch = self._batch = self._open(call)
                for early, values in self._early.items():
                    batch.scores[early] = values
                self._early.clear()
            self._take(batch, index, list(scores))

    def _open(self, call: Mapping[str, Any]) -> _Batch:
        state = call.get("trainer_state")
        done = int(getattr(state, "global_step", 0))
        evaluating = self.training is False
        columns = {name: values for name, values in call.items() if name not in _NO_COLUMN}
        # What is generated now feeds the step that has not been counted yet; an evaluation belongs to the last one.
        return _Batch(
            prompts=call["prompts"],
            completions=call["completions"],
            columns={name: values for name, values in columns.items() if isinstance(values, list | tuple)},
            step=done if evaluating else done + 1,
            split="eval" if evaluating else "train",
        )

    def _take(self, batch: _Batch, index: int, scores: Sequence[Any]) -> None:
        batch.scores[index] = scores
        if len(batch.scores) == len(self._names):
            self._batch = None
            self._record(batch)

    def _record(self, batch: _Batch) -> None:
        run = self.source.run()
        for i, completion in enumerate(batch.completions):
            scores, skipped = self._scores(batch, i)
            run.rollout(
                scores,
                action=conversation_text(completion),
                observation=conversation_text(batch.prompts[i]),
                step=batch.step,
                episode=self._episode(batch),
                not_evaluated=skipped,
                metadata={
                    "split": batch.split,
                    **{name: values[i] for name, values in batch.columns.items() if i < len(values)},
                },
            )

    def _scores(self, batch: _Batch, i: int) -> tuple[dict[str, float], list[str]]:
        """The scores of one completion and the names of the functions that did not judge it. The whole is summed as
        TRL does: unjudged counts nothing, and what nobody judged has no score at all."""
        scores: dict[str, float] = {}
        skipped: list[str] = []
        whole = 0.0
        for index, name in enumerate(self._names):
            values = batch.scores.get(index, ())
            value = number(values[i]) if i < len(values) else None
            if value is None:
                skipped.append(name)
                continue
            scores[name] = value
            place = self._weight_at[index]
            weights = self.weights
            whole += value * (float(weights[place]) if weights and place < len(weights) else 1.0)
        if scores:
            scores["root"] = whole
        else:
            skipped.append("root")
        return scores, skipped

    def _episode(self, batch: _Batch) -> str:
        """The name of the next rollout of this step: the same when the training is repeated."""
        step, count = self._recorded
        count = count + 1 if step == batch.step else 0
        self._recorded = (batch.step, count)
        place = f"{rank()}.{count}" if rank() else str(count)
        return f"{batch.split}-{batch.step}-{place}"


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
    """A reward function that reports what it gives. It keeps its name, as TRL reads that, and can be pickled if the
    function can, as TRL sends it to other processes where rollouts are made there."""

    def __init__(self, function: Callable[..., Any], rewards: _Rewards, index: int) -> None:
        self.function = function
        self.rewards = rewards
        self.index = index
        self.__name__ = _name_of(function)
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, **call: Any) -> Any:
        scores = self.function(**call)
        self.rewards.report(self.index, call, scores)
        return scores


class _AsyncReporting(_Reporting):
    """The same for a coroutine function."""

    async def __call__(self, **call: Any) -> Any:
        scores = await self.function(**call)
        self.rewards.report(self.index, call, scores)
        return scores


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


class GauntletCallback(TrainerCallback):  # type: ignore[misc]
    """What the trainer tells: its arguments, its logs, its end. See the module's text for the two lines.

    ``run`` is where it goes; without it the current run, else one that is begun with ``init`` (the arguments of
    :func:`gauntlet.init`) when the training begins, and ended with it. ``tweak`` is what a person may change from
    the browser, as :meth:`gauntlet.Run.checkpoint` takes it.
    """

    def __init__(self, run: Run | None = None, *, tweak: Any = None, **init: Any) -> None:
        #: The run, from the beginning of the training on.
        self.run: Run | None = run
        self._source = Source(run, **init)
        self._tweak = tweak
        self._training = False
        self._rewards: list[_Rewards] = []

    @guarded
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The trainer's arguments become the run's configuration; a run that was there before keeps them as a file."""
        run = self.run = _common_run(self._source, {"kind": "training", "config": args.to_dict()})
        if self._source.own is None and state.is_world_process_zero:
            run.artifact(args.to_json_string(), "trainer-arguments.json", role="config")
        self._training = True
        for rewards in [r for r in _Rewards.known if not r.bound]:
            rewards.bound = True
            rewards.weights = rewards.weights or getattr(args, "reward_weights", None)
            self._rewards.append(rewards)
        for rewards in self._rewards:
            rewards.source.use(run)

    @guarded
    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Completions judged from now on are of the training."""
        for rewards in self._rewards:
            rewards.training = True

    @guarded
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Loss, KL, lengths and all else the trainer measures, at its own step."""
        if self.run is not None and self._training and logs and state.is_world_process_zero:
            self.run.metrics(logs, step=state.global_step)

    @guarded
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Where a person's pause, change or stop takes effect; judging after it is evaluation."""
        for rewards in self._rewards:
            rewards.training = False
        if _agreed(self._told_to_stop):
            control.should_training_stop = True

    def _told_to_stop(self) -> bool:
        return self.run is not None and self.run.checkpoint(self._tweak) == "stop"

    @guarded
    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Ends the run, if this training began it."""
        if not self._training:
            return
        self._training = False
        reached = state.max_steps <= 0 or state.global_step >= state.max_steps
        self._source.finish("completed" if reached else "cancelled", {"steps": state.global_step})


def _distributed() -> Any:
    """torch's module of collectives, where this training has more than one process; else ``None``."""
    from torch import distributed

    together = (
        distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1
    )
    return distributed if together else None


def _agreed(decide: Callable[[], bool]) -> bool:
    """What the first process decides, known to all: a process that stopped alone would leave the others waiting."""
    distributed = _distributed()
    if distributed is None:
        return decide()
    told = [False]
    try:
        if distributed.get_rank() == 0:
            told = [decide()]
    finally:
        distributed.broadcast_object_list(told, src=0)
    return told[0]


def _common_run(source: Source, init: dict[str, Any]) -> Run:
    """The run of a training, one for all of its processes: the first begins it and tells the others which it is."""
    distributed = _distributed()
    if distributed is None:
        return source.run(**init)
    first = distributed.get_rank() == 0
    told: list[dict[str, Any]] = [init]
    try:
        if first:
            told = [identity(source.run(**init))]
    finally:
        # The others wait for this word, whatever became of the run.
        distributed.broadcast_object_list(told, src=0)
    return source.run() if first else source.join(told[0])
