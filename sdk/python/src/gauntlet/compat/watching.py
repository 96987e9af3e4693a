"""``watch`` as scripts for wandb call it: with a model, of which nothing is recorded, or with a rubric
tree."""

from __future__ import annotations

from typing import Any, overload

from ..observer import Watch
from ..observer import watch as watch_rubric
from .notices import notice

__all__ = ["watch"]


@overload
def watch(rubric: Any, **options: Any) -> Watch: ...
@overload
def watch(rubric: Any = None, *args: Any, **options: Any) -> Any: ...
def watch(rubric: Any = None, *args: Any, **options: Any) -> Any:
    """Watches a rubric tree until :meth:`Watch.detach`.

    Each call of ``rubric`` becomes one snapshot: the scores of the paths evaluated in that call, the total as
    ``root``, the paths that were skipped, the action, the observation, how long it took. Calls are numbered
    from 1, or by ``step()``. A call that raises is recorded as incomplete. Children added to the tree later
    are not seen.

    ``pause_on`` names calls, counted from 0, at which the run waits for a person, ``pause_timeout`` seconds
    at most; ``challenge(scores, action, observation)`` makes the question. Tweaks change the tree's own
    attributes, by their path (``"grounding.weight"``), unless ``tweak`` takes them. The wait holds the
    calling thread; only a root with an ``async def forward`` lets other tasks run.

    A model (of torch, keras, flax) has no rubrics: its gradients and weights are not recorded, with one
    warning.
    """
    rubric = options.pop("models", options.pop("model", None)) if rubric is None else rubric
    if hasattr(rubric, "named_rubrics"):
        return watch_rubric(rubric, *args, **options)
    several = isinstance(rubric, list | tuple)
    if rubric is None or all(map(_is_model, rubric if several else [rubric])):
        notice("watch", "watch(model): gradients and weights are not recorded; the rest of the run is")
        return []
    return watch_rubric(rubric, *args, **options)


def _is_model(value: Any) -> bool:
    """Something that is trained: it has parameters, or layers."""
    return any(
        hasattr(value, name) for name in ("parameters", "trainable_variables", "layers", "get_booster")
    )
