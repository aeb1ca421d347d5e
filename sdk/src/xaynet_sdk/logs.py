"""What `XAYNET_CLIENT` switches on: tracing directives, mapped on the `logging` module.

The published SDK logs its inner part (here the loggers below `xaynet_sdk`) only if the variable is
set, for example to `info`, `xaynet=debug` or `warn,xaynet_sdk::state_machine=trace`.
A directive is `LEVEL` or `TARGET=LEVEL` or `TARGET`; levels are off, error, warn, info, debug and
trace (or 0 to 5). Every target that starts with `xaynet` means the logger `xaynet_sdk`; any other
target is the logger of that name.
"""

import logging
import re
import sys
from collections.abc import Iterable

SDK_LOGGER = "xaynet_sdk"

_LEVELS = {
    "off": logging.CRITICAL + 1,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
_NUMBERED_LEVELS = dict(zip("012345", _LEVELS.values(), strict=True))


def parse_directives(directives: str) -> dict[str, int]:
    """Logger name -> level. Raises ValueError with a sentence about the first wrong directive."""
    levels: dict[str, int] = {}
    for directive in filter(None, map(str.strip, directives.split(","))):
        logger, level = _parse_directive(directive)
        levels[logger] = min(level, levels.get(logger, level))
    return levels


def _parse_directive(directive: str) -> tuple[str, int]:
    # A target may name spans in brackets, which mean nothing to the logging module.
    target, separator, level = re.sub(r"\[.*\]", "", directive).partition("=")
    if not separator:
        bare_level = _level(directive)
        if bare_level is not None:
            return SDK_LOGGER, bare_level
        level = "trace"
    number = _level(level)
    if number is None:
        known = ", ".join(_LEVELS)
        raise ValueError(f"XAYNET_CLIENT: {level!r} in {directive!r} is not one of {known}")
    return _logger_name(target), number


def _level(text: str) -> int | None:
    name = text.strip().lower()
    return _LEVELS.get(name, _NUMBERED_LEVELS.get(name))


def _logger_name(target: str) -> str:
    path = target.strip()
    return SDK_LOGGER if path.startswith("xaynet") else path.replace("::", ".")


def init_logging(directives: str | None) -> None:
    """Log what the directives ask for, to standard output; without directives nothing.

    A program that configures `logging` itself gets the same records through its own handlers,
    and only through them.
    """
    _quiet(("httpx", "httpcore"))
    logging.getLogger(SDK_LOGGER).addHandler(logging.NullHandler())
    try:
        levels = parse_directives(directives or "")
    except ValueError as error:
        logging.getLogger(SDK_LOGGER).warning("%s", error)
        return
    for name, level in levels.items():
        logger = logging.getLogger(name)
        logger.setLevel(level)
        if not any(handler.name == SDK_LOGGER for handler in logger.handlers):
            logger.addHandler(_handler())


def _handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.set_name(SDK_LOGGER)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)5s %(name)s: %(message)s"))
    handler.addFilter(lambda _record: not logging.getLogger().handlers)
    return handler


def _quiet(names: Iterable[str]) -> None:
    """A participant asks the coordinator every few seconds: a line per request would drown a log.

    A level that the program has set is left alone.
    """
    for name in names:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
