"""A coordinator: ``xaynet-coordinator -c FILE`` runs it in the foreground, ``xaynet-coordinator
erase -c FILE`` erases what it has stored."""

import argparse
import asyncio
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from xaynet_coordinator.clock import SystemClock
from xaynet_coordinator.erasing import Erasure, NotErased
from xaynet_coordinator.logs import set_up_logs
from xaynet_coordinator.machine import Fenced
from xaynet_coordinator.serving import run
from xaynet_coordinator.settings import Settings, SettingsError
from xaynet_coordinator.store import StoreCorrupt, StoreUnavailable
from xaynet_coordinator.wiring import choose_stores, known_uid

ERASE_SECONDS = 40.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT, or erase; 1 if the settings or the stores do not allow it.

    What went wrong is the last line on standard error.
    """
    options = command_line().parse_args(arguments)
    try:
        settings = Settings.load(options.config, os.environ)
        set_up_logs(settings.log)
        asyncio.run(options.command(settings, options))
    except (SettingsError, StoreUnavailable, StoreCorrupt, Fenced, NotErased) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def command_line() -> ArgumentParser:
    """What may be typed."""
    parser = ArgumentParser(prog="xaynet-coordinator", description=__doc__)
    add_config(parser, None)
    parser.set_defaults(command=serve_until_signal)
    text = "erase what the service of these settings has stored, and stop whoever runs it"
    erasing = parser.add_subparsers().add_parser("erase", help=text, description=text)
    add_config(erasing, argparse.SUPPRESS)  # else its default would win over what came before it
    erasing.add_argument(
        "--timeout",
        type=float,
        default=ERASE_SECONDS,
        metavar="SECONDS",
        help="give up on stores that do not answer (default: %(default).0f)",
    )
    erasing.add_argument("--models", action="store_true", help="erase its global models too")
    erasing.set_defaults(command=erase)
    return parser


def add_config(parser: ArgumentParser, default: str | None) -> None:
    """The option that names the settings."""
    text = "settings: .toml, .yaml or .json"
    parser.add_argument("-c", "--config", type=Path, default=default, metavar="FILE", help=text)


async def serve_until_signal(settings: Settings, options: Namespace) -> None:
    """Serve until the first signal to end."""
    stop = asyncio.Event()
    stop_at_signals(stop)
    await run(settings, SystemClock(), os.urandom, stop)


async def erase(settings: Settings, options: Namespace) -> None:
    """Erase the service, and print what was erased. Raises ``NotErased``."""
    uid = known_uid(settings)
    stores = choose_stores(settings, uid)
    try:
        erased = await Erasure(uid, stores, options.timeout).run(models=options.models)
    finally:
        await stores.close()
    print(erased)


def stop_at_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT set the event."""
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)


if __name__ == "__main__":
    sys.exit(main())
