"""``python -m gauntlet sync``: delivers what is waiting in the spool."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .client import Client
from .delivery import Delivery, Later, Undeliverable
from .folders import orphans, set_aside
from .ledger import Ledger
from .settings import Settings, address
from .spool import Spool


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; answers the exit code: 0 where nothing is left, 1 where something is."""
    parser = argparse.ArgumentParser(prog="python -m gauntlet", description="Gauntlet, the Python side.")
    commands = parser.add_subparsers(dest="command", required=True)
    sync = commands.add_parser("sync", help="deliver runs that were kept on disk")
    sync.add_argument("--endpoint", help="the server; the one each run was meant for where none is named")
    sync.add_argument("--spool", type=Path, help="the folder; GAUNTLET_SPOOL where none is named")
    sync.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for a server that is away")
    options = parser.parse_args(arguments)
    if options.endpoint is not None:
        try:
            address(options.endpoint)
        except ValueError as error:
            parser.error(str(error))
    settings = Settings.from_env()
    if options.spool is not None:
        settings = replace(settings, spool=options.spool)
    return deliver(settings, options.endpoint, options.timeout)


def deliver(settings: Settings, endpoint: str | None, timeout: float) -> int:
    """Delivers every folder whose process is gone, oldest first."""
    left = 0
    for folder in orphans(settings.spool):
        try:
            spool = Spool.adopt(folder)
        except ValueError as error:
            left += _aside(folder, folder.name, str(error))
            continue
        if spool is None:
            print(f"{folder.name}: still written to by its process, left alone")
            continue
        try:
            left += not _deliver_one(spool, endpoint, settings.api_key, timeout)
        finally:
            spool.close()
    return 1 if left else 0


def _deliver_one(spool: Spool, endpoint: str | None, api_key: str | None, timeout: float) -> bool:
    ledger = Ledger()
    client = Client(endpoint or spool.info["endpoint"], api_key)
    delivery = Delivery(spool, client, ledger)
    deadline = time.monotonic() + timeout
    while True:
        try:
            if not delivery.step():
                break
        except Later as later:
            if time.monotonic() + later.seconds > deadline:
                print(f"{delivery.run}: {later}; it stays in {spool.folder}", file=sys.stderr)
                return False
            time.sleep(later.seconds)
        except (Undeliverable, OSError) as error:
            spool.release()
            return not _aside(spool.folder, delivery.run, str(error))
    client.close()
    print(f"{delivery.run}: {ledger.get('sent')} events delivered, {ledger.get('refused')} refused")
    return True


def _aside(folder: Path, what: str, reason: str) -> int:
    """Sets aside what no server will ever take, and prints where; returns how many those are."""
    print(f"{what}: cannot be delivered: {reason}. It is in {set_aside(folder, reason)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
