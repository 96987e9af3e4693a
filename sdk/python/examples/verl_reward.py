"""A reward file for verl, called here as verl's reward workers call it. verl itself is not needed to try it.

    python examples/verl_reward.py

In a job: ``reward.custom_reward_function.path=examples/verl_reward.py`` and ``...name=compute_score``
"""

from __future__ import annotations

import re
from typing import Any

import gauntlet
from gauntlet.integrations.verl import watch_score

ROLLOUTS_PER_STEP = 4


@watch_score(rollouts_per_step=ROLLOUTS_PER_STEP)
def compute_score(
    data_source: str, solution_str: str, ground_truth: str, extra_info: Any = None
) -> dict[str, Any]:
    """1 for the right number after ####, 0.1 for any number there."""
    found = re.search(r"#### (-?\d+)", solution_str)
    right = found is not None and found.group(1) == ground_truth
    return {
        "score": 1.0 if right else 0.1 if found else 0.0,
        "format": float(found is not None),
        "correct": float(right),
        "pred": found.group(1) if found else None,
    }


def main(steps: int = 2) -> str:
    """Scores some answers, and returns the run's id."""
    run = gauntlet.init(project="examples", name="verl reward")
    for step in range(steps):
        for n, answer in enumerate(["#### 4", "#### 5", "four", "2 + 2 is #### 4"]):
            extra = {"index": n, "split": "train", "question": "What is 2 + 2?", "num_turns": step + 1}
            compute_score(data_source="sums", solution_str=answer, ground_truth="4", extra_info=extra)
    run.finish()
    print(run.url)
    return run.id


if __name__ == "__main__":
    main()
