"""Where observed states go: a live view on a terminal, plain lines of events elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from xaynet_cli.desired import Document
from xaynet_cli.events import events
from xaynet_cli.view import view


class Screen:
    """One service on one console; ``with`` begins and ends the live view, if there is one."""

    def __init__(self, console: Console, title: str, *, plain: bool = False) -> None:
        self.title = title
        self._console = console
        self._last: Document | None = None
        drawn = console.is_terminal and not console.is_dumb_terminal and not plain
        self._live = Live(console=console, auto_refresh=False) if drawn else None

    @property
    def is_live(self) -> bool:
        """Whether what is shown gets old: the seconds that are left."""
        return self._live is not None

    def tell(self, *lines: str) -> None:
        """Say something that stays."""
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, state: Document, *more: RenderableType) -> None:
        """Show how the service stands now; ``more`` comes below the live view."""
        if self._live is not None:
            self._live.update(view(self.title, state, *more), refresh=True)
        else:
            self.tell(*events(self._last, state))
        self._last = state

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
