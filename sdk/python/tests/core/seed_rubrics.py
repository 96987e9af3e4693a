"""The earlier flavour of rubric trees: `last_score` begins at 0.0, `named_rubrics` yields the root under the
empty name, a Sequential calls its children `step_i` and stops at 0 or below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class Rubric:
    """A rubric that knows its children by the attributes they were set under."""

    def __init__(self) -> None:
        self.last_score = 0.0
        self._children: dict[str, Rubric] = {}
        self._forward_hooks: list[Callable[..., Any]] = []
        self._forward_pre_hooks: list[Callable[..., Any]] = []

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, Rubric):
            self._children[name] = value

    def register_forward_hook(self, hook: Callable[..., Any]) -> None:
        self._forward_hooks.append(hook)

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> None:
        self._forward_pre_hooks.append(hook)

    def named_rubrics(self, prefix: str = "") -> Iterator[tuple[str, Rubric]]:
        yield prefix, self
        for name, child in self._children.items():
            yield from child.named_rubrics(f"{prefix}.{name}" if prefix else name)

    def __call__(self, action: Any, observation: Any) -> float:
        for hook in self._forward_pre_hooks:
            hook(self, action, observation)
        score = self.forward(action, observation)
        self.last_score = score
        for hook in self._forward_hooks:
            hook(self, action, observation, score)
        return score

    def forward(self, action: Any, observation: Any) -> float:
        raise NotImplementedError


class Sequential(Rubric):
    """Its children in order; 0 or below ends it."""

    def __init__(self, *rubrics: Rubric) -> None:
        super().__init__()
        self._order = list(rubrics)
        for i, rubric in enumerate(rubrics):
            setattr(self, f"step_{i}", rubric)

    def forward(self, action: Any, observation: Any) -> float:
        score = 1.0
        for rubric in self._order:
            score = rubric(action, observation)
            if score <= 0:
                return score
        return score
