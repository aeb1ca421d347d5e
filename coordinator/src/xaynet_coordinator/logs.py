"""Logging: events with fields, to standard error, filtered by target as the original does.

    log.filter = "xaynet=debug,http=warn,info"

``xaynet`` (or a crate of the original, such as ``xaynet_server``) is this program, and
``xaynet::machine`` one module of it; ``http`` is the HTTP server; a level alone is for the rest.
"""

import logging
import sys
from collections.abc import Iterator

import structlog

from xaynet_coordinator.settings import LogSettings

LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "off": logging.CRITICAL + 1,
}
PROGRAM = "xaynet_coordinator"


def set_up_logs(settings: LogSettings) -> None:
    """Configure this process's logging; the outermost line calls it once."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # we say ourselves what failed
    for name, level in levels(settings.filter):
        logging.getLogger(name).setLevel(level)


def levels(directives: str) -> Iterator[tuple[str | None, int]]:
    """The loggers that a filter names, None for all others, and the level of each."""
    for directive in directives.split(","):
        target, equals, level = directive.strip().rpartition("=")
        if not equals and level.lower() not in LEVELS:
            target, level = level, "trace"  # a target alone: everything of it
        yield logger_name(target) if target else None, LEVELS[level.lower()]


def logger_name(target: str) -> str:
    """The logger behind a target of the original's filters."""
    crate, *modules = target.split("::")
    if crate in ("http", "hyper", "warp"):
        return "uvicorn"
    if crate == "xaynet" or crate.startswith("xaynet_"):
        crate = PROGRAM
    return ".".join((crate, *modules))
