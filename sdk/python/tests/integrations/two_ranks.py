"""Two processes of one distributed training, as torchrun would start them. They are forked, as importing torch twice
takes longer than the training."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys

from examples import trl_grpo

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
