"""Two processes of one distributed training, as torchrun would start them. They are forked, as importing torch twice
takes longer than the training."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import urllib.request
from typing import Any

from examples import trl_grpo
from transformers import TrainerCallback

from gauntlet.integrations.trl import GauntletCallback

RANKS = 2


def train(rank: int, port: int) -> None:
    """One process of the training."""
    place = {
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": RANKS,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
    }
    os.environ.update({name: str(value) for name, value in place.items()})
    trl_grpo.main()
    callback = GauntletCallback(name="stopped")
    stopped = trl_grpo.trainer(50, callback)
    stopped.add_callback(StopsInTheSecondStep(callback))
    stopped.train()
    print(f"rank {rank} stopped at {stopped.state.global_step}")


class StopsInTheSecondStep(TrainerCallback):
    """A person who looks at the first process's run and has seen enough."""

    def __init__(self, watched: GauntletCallback) -> None:
        self.watched = watched

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        run = self.watched.run
        if state.global_step == 1 and state.is_world_process_zero and run is not None:
            run.flush()
            body = json.dumps({"action": "stop", "author": "ada", "parameters": {}}).encode()
            headers = {"content-type": "application/json"}
            address = f"{run.endpoint}/api/v1/runs/{run.id}/commands"
            urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()
            assert run.commands(timeout=20)


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        chosen = free.getsockname()[1]
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=train, args=(rank, chosen)) for rank in range(RANKS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(240)
    sys.exit(max(1 if process.exitcode is None else abs(process.exitcode) for process in processes))
