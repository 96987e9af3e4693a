"""Two processes of one distributed training, as torchrun would start them. They are forked, as importing
torch twice takes longer than the training. Nothing here has a deadline of its own that a busy machine could
miss: a process that hangs prints where, and one that fails ends the other as well."""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import sys
import tempfile
import urllib.request
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from examples import trl_grpo
from torch import distributed
from transformers import TrainerCallback

from gauntlet.integrations.trl import GauntletCallback

RANKS = 2
#: A process that takes longer has hung, seconds.
HUNG_SECONDS = 600


def train(rank: int, meeting: Path) -> None:
    """One process of the training."""
    faulthandler.dump_traceback_later(HUNG_SECONDS, exit=True)
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": RANKS, "MASTER_ADDR": "none", "MASTER_PORT": 0}
    os.environ.update({name: str(value) for name, value in place.items()})
    # They find each other through a file: a port that is free now may be taken when it is needed. The address
    # and the port only have to be there.
    distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=RANKS)
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
            assert run.flush(HUNG_SECONDS), "the server has the run"
            body = json.dumps({"action": "stop", "author": "ada", "parameters": {}}).encode()
            headers = {"content-type": "application/json"}
            address = f"{run.endpoint}/api/v1/runs/{run.id}/commands"
            urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()
            assert run.commands(timeout=HUNG_SECONDS), "the command has arrived"


def main() -> int:
    """Runs both; the exit code of the first that fails, else 0."""
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        processes = [fork.Process(target=train, args=(rank, meeting)) for rank in range(RANKS)]
        for process in processes:
            process.start()
        while running := [process for process in processes if process.is_alive()]:
            wait([process.sentinel for process in running])
            failed = [process.exitcode for process in processes if process.exitcode]
            if failed:
                for process in processes:
                    process.kill()
                return abs(failed[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
