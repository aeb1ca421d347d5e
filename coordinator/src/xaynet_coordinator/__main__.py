"""``xaynet-coordinator -c config.toml``: a coordinator in the foreground."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from xaynet_coordinator.clock import SystemClock
from xaynet_coordinator.logs import set_up_logs
from xaynet_coordinator.machine import Fenced
from xaynet_coordinator.serving import run
from xaynet_coordinator.settings import Settings, SettingsError
from xaynet_coordinator.store import StoreCorrupt, StoreUnavailable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 1 if the settings or the stores do not allow it."""
    parser = argparse.ArgumentParser(prog="xaynet-coordinator", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, help="settings: .toml, .yaml or .json")
    try:
        settings = Settings.load(parser.parse_args(arguments).config, os.environ)
        set_up_logs(settings.log)
        asyncio.run(serve_until_signal(settings))
    except (SettingsError, StoreUnavailable, StoreCorrupt, Fenced) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def serve_until_signal(settings: Settings) -> None:
    """Serve until the first signal to end."""
    stop = asyncio.Event()
    stop_at_signals(stop)
    await run(settings, SystemClock(), os.urandom, stop)


def stop_at_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT set the event."""
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)


if __name__ == "__main__":
    sys.exit(main())
