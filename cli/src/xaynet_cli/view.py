"""A service on a terminal: an observed state as something that rich can draw. Pure."""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from xaynet_cli.desired import Document
from xaynet_cli.events import COLLECTING, result

BAR_WIDTH = 24
SHOWN_ROUNDS = 4  # with ten lines more, all of it still fits on a terminal of 24
STYLES = {"Completed": "bold green", "Terminated": "bold red", "Failure": "bold red"}


def view(title: str, state: Document, *more: RenderableType) -> RenderableType:
    """All there is to see of a service; ``more`` comes below it."""
    parts: list[RenderableType] = [heading(state), phases(state)]
    if state["lastRounds"]:
        parts.append(last_rounds(state["lastRounds"]))
    for line in (*state["warnings"], *_of_model(state)):
        parts.append(Text(line, style="dim", no_wrap=True, overflow="ellipsis"))
    return Panel(Group(*parts, *more), title=title, title_align="left")


def heading(state: Document) -> Text:
    """Where the service stands, in one line."""
    phase, round, rounds = state["phase"], state["round"], state["rounds"]
    text = Text()
    if round is not None:
        text.append(f"round {round['id']} · ")
    text.append(phase, style=STYLES.get(phase, "bold cyan"))
    if state["paused"]:
        text.append(" · paused", style="bold yellow")
    elif round is not None and round["timeLeft"] is not None:
        text.append(f" · {round['timeLeft']:.0f} s left")
    of = "" if rounds["wanted"] is None else f" of {rounds['wanted']}"
    text.append(f" · {rounds['successful']}{of} rounds done", style="dim")
    if rounds["failed"]:
        text.append(f", {rounds['failed']} failed", style="dim")
    if not state["store"]["available"]:
        text.append(f"\n{state['waitingFor']}", style="bold red")
    return text


def phases(state: Document) -> Table:
    """What each phase of the round has collected."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("phase")
    table.add_column("", width=BAR_WIDTH)
    for name in ("accepted", "at least", "at most", "rejected", "discarded"):
        table.add_column(name, justify="right")
    for name in COLLECTING:
        table.add_row(*_phase(state, name))
    return table


def _phase(state: Document, name: str) -> list[RenderableType]:
    section = name.lower()
    counts = {"accepted": 0, "rejected": 0, "discarded": 0}
    if state["round"] is not None:
        counts = state["round"]["messages"][section]
    least, most = (_active(state, f"{section}.count.{end}") for end in ("min", "max"))
    bar = ProgressBar(total=most or 1, completed=counts["accepted"], width=BAR_WIDTH)
    style = "bold cyan" if state["phase"] == name else ""
    numbers = (counts["accepted"], least, most, counts["rejected"], counts["discarded"])
    cells = ["" if number is None else str(number) for number in numbers]
    return [Text(name, style=style), bar, *cells]


def _active(state: Document, field: str) -> Any:
    return state["parameters"].get(field, {}).get("active")


def last_rounds(lines: list[Document]) -> Table:
    """The newest rounds, the newest first."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("round", "sum", "update", "sum2", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("result")
    for line in reversed(lines[-SHOWN_ROUNDS:]):
        numbers = [str(line[name]) for name in ("id", "sum", "update", "sum2")]
        style = "green" if line["reason"] is None else "red"
        end = Text(result(line), style=style)
        table.add_row(*numbers, f"{line['seconds']:.1f}", end)
    return table


def _of_model(state: Document) -> list[str]:
    model = state["latestModel"]
    return [] if model is None else [f"global model {model['id']}, {model['length']} weights"]
