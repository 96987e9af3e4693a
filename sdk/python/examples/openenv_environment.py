"""An environment of OpenEnv with a rubric, played by a bisection. Needs nothing but openenv-core.

python examples/openenv_environment.py
"""

from __future__ import annotations

import random
from typing import Any

from openenv.core.env_server import Action, Environment, Observation, State
from openenv.core.rubrics import Rubric, WeightedSum

import gauntlet
from gauntlet.integrations.openenv import watch_environment


class Guess(Action):
    """A number between 1 and 100."""

    number: int


class Hint(Observation):
    """Where the secret lies."""

    hint: str = ""


class Correct(Rubric):
    """1 for the secret itself."""

    def forward(self, action: Guess, observation: Hint) -> float:
        return float(observation.hint == "right")


class Close(Rubric):
    """Nearer is better; below 0 where the guess was off by more than 25."""

    secret = 0

    def forward(self, action: Guess, observation: Hint) -> float:
        return 1.0 - abs(action.number - self.secret) / 25


class GuessTheNumber(Environment[Guess, Hint, State]):
    """Higher, lower, right."""

    def __init__(self) -> None:
        self.close_by = Close()
        super().__init__(rubric=WeightedSum([Correct(), self.close_by], [0.8, 0.2]))
        self._state = State()

    def reset(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Hint:
        self.close_by.secret = random.Random(seed).randint(1, 100)
        self._state = State(episode_id=episode_id, step_count=0)
        return Hint(hint="between 1 and 100")

    def step(self, action: Guess, timeout_s: float | None = None, **_: Any) -> Hint:
        off = action.number - self.close_by.secret
        seen = Hint(hint="right" if off == 0 else "lower" if off > 0 else "higher", done=off == 0)
        seen.reward = self._apply_rubric(action, seen)
        return seen

    @property
    def state(self) -> State:
        return self._state


def main(episodes: int = 3) -> str:
    """Plays, and returns the run's id."""
    run = gauntlet.init(project="examples", name="openenv environment")
    env = watch_environment(GuessTheNumber())
    for seed in range(episodes):
        low, high = 1, 100
        seen = env.reset(seed=seed, episode_id=f"game-{seed}")
        while not seen.done:
            guess = (low + high) // 2
            seen = env.step(Guess(number=guess))
            low, high = (guess + 1, high) if seen.hint == "higher" else (low, guess - 1)
    run.finish()
    print(run.url)
    return run.id


if __name__ == "__main__":
    main()
