"""TRL: every completion of a GRPO training, with what each reward function gave it.

::

    from gauntlet.integrations.trl import GauntletCallback, watch_rewards

    trainer = GRPOTrainer(
        ...,
        reward_funcs=watch_rewards([correct, brief]),
        callbacks=[GauntletCallback(project="maths")],
    )

One rollout a completion: a score for each reward function under its name, ``root`` the weighted sum that TRL
itself takes, ``metrics.advantage`` what the trainer made of it, the prompt as observation, the completion as
action, the task's other columns and those of ``log_extra`` as metadata. Where a reward function raises, the
completions of that batch are recorded as failed and the trainer gets the exception. The trainer's logs become
curves under ``metrics``, its arguments the run's configuration. Pause and stop in the browser act at the end
of a step. It works with every trainer that calls reward functions as GRPO does (RLOO, for one).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from ._rewards import Rewards
from ._shared import Source, guarded

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from ..run import Run

__all__ = ["GauntletCallback", "watch_rewards"]


def watch_rewards(
    reward_funcs: Any, *, run: Run | None = None, weights: Sequence[float] | None = None
) -> Any:
    """The same reward functions, watched; give them to the trainer in place of the bare ones.

    ``reward_funcs`` is what the trainer takes: one or a list, each a function, a coroutine function or a
    reward model. A reward model is returned as it is and watched by a forward hook; a model's name (a
    ``str``) is left alone and not watched. ``weights`` are the trainer's ``reward_weights``; without them
    those of the trainer that holds a :class:`GauntletCallback`, else 1 each. ``run`` is where rollouts go;
    without it the callback's run, else the current one.
    """
    functions = list(reward_funcs) if isinstance(reward_funcs, list | tuple) else [reward_funcs]
    rewards = Rewards(Source(run), weights)
    watched = [rewards.watch(function) for function in functions]
    return watched if isinstance(reward_funcs, list | tuple) else watched[0]


class GauntletCallback(TrainerCallback):  # type: ignore[misc]
    """Records what the trainer reports: its arguments, its logs, its end. See the module's text for the two
    lines.

    ``run`` is where it goes; without it the current run, else one that is begun with ``init`` (the arguments
    of :func:`gauntlet.init`) when the training begins, and ended with it. ``tweak`` is what a person may
    change from the browser, as :meth:`gauntlet.Run.checkpoint` takes it.
    """

    def __init__(self, run: Run | None = None, *, tweak: Any = None, **init: Any) -> None:
        #: The run, from the beginning of the training on.
        self.run: Run | None = run
        self._source = Source(run, **init)
        self._tweak = tweak
        self._training = False
        self._rewards: list[Rewards] = []

    @guarded
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The trainer's arguments become the run's configuration; a run that was there before keeps them as a
        file."""
        run = self.run = _common_run(self._source, {"kind": "training", "config": args.to_dict()})
        if self._source.begun is None and state.is_world_process_zero:
            run.artifact(args.to_json_string(), "trainer-arguments.json", role="config")
        self._training = True
        for rewards in [r for r in Rewards.known if not r.bound]:
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
        self._settle()
        if self.run is not None and self._training and logs and state.is_world_process_zero:
            # TRL writes None where nothing was measured.
            found = {name: value for name, value in logs.items() if value is not None}
            self.run.metrics(found, step=state.global_step)

    @guarded
    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The trainer has its advantages."""
        self._settle()

    @guarded
    def on_prediction_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The same in an evaluation."""
        self._settle()

    def _settle(self) -> None:
        for rewards in self._rewards:
            rewards.settle()

    @guarded
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Where a person's pause, change or stop takes effect; judging after it is evaluation."""
        self._settle()
        for rewards in self._rewards:
            rewards.training = False
        if _agreed(self._asked_to_stop):
            control.should_training_stop = True

    def _asked_to_stop(self) -> bool:
        return self.run is not None and self.run.checkpoint(self._tweak) == "stop"

    @guarded
    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Ends the run, if this training began it."""
        if not self._training:
            return
        self._training = False
        for rewards in self._rewards:
            rewards.settle(last=True)
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
    """What the first process decides, known to all: a process that stopped alone would leave the others
    waiting."""
    distributed = _distributed()
    if distributed is None:
        return decide()
    shared = [False]
    try:
        if distributed.get_rank() == 0:
            shared = [decide()]
    finally:
        distributed.broadcast_object_list(shared, src=0)
    return shared[0]


def _common_run(source: Source, init: dict[str, Any]) -> Run:
    """The run of a training, one for all of its processes: the first begins it and sends its id to the
    others."""
    distributed = _distributed()
    if distributed is None:
        return source.run(**init)
    first = distributed.get_rank() == 0
    shared: list[dict[str, Any]] = [init]
    try:
        if first:
            shared = [source.run(**init).identity()]
    finally:
        # The others wait for this message, also where the run could not be begun.
        distributed.broadcast_object_list(shared, src=0)
    return source.run() if first else source.join(shared[0])
