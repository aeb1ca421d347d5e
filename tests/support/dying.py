"""A coordinator that kills itself at a chosen moment.

    python dying.py -c FILE before|after STORE.VERB[:WHAT] N

It is the real one on its real stores; only the stores' verbs are watched from outside. At the Nth
call of the verb (with an argument that contains WHAT), the process gets SIGKILL from itself,
either instead of the call or when the call has come back.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from xaynet_coordinator.__main__ import stop_at_signals
from xaynet_coordinator.clock import SystemClock
from xaynet_coordinator.logs import set_up_logs
from xaynet_coordinator.serving import run
from xaynet_coordinator.settings import Settings
from xaynet_coordinator.wiring import Stores, choose_stores


class Watched:
    """A store of which one verb is the last thing that the process does."""

    def __init__(self, store: object, verb: str, what: str, moment: str, calls: int) -> None:
        self._store = store
        self._fatal = (verb, what, moment)
        self._left = calls

    def __getattr__(self, name: str) -> object:
        verb, what, moment = self._fatal
        real = getattr(self._store, name)
        if name != verb:
            return real

        async def fatal(*args: object, **kwargs: object) -> object:
            if what not in repr(args):
                return await real(*args, **kwargs)
            self._left -= 1
            is_last = self._left == 0  # others may be called while this one is on its way
            if is_last and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = await real(*args, **kwargs)
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return fatal


def choose(settings: Settings, uid: str) -> Stores:
    """The real stores, one of them watched."""
    _, _, _, moment, point, calls = sys.argv
    path, _, what = point.partition(":")
    store, verb = path.split(".")
    real = choose_stores(settings, uid)
    stores = {"ledger": real.ledger, "blobs": real.blobs, "models": real.models}
    stores[store] = Watched(stores[store], verb, what, moment, int(calls))
    return Stores(**stores)


async def main() -> None:
    settings = Settings.load(Path(sys.argv[2]), os.environ)
    set_up_logs(settings.log)
    stop = asyncio.Event()
    stop_at_signals(stop)
    await run(settings, SystemClock(), os.urandom, stop, choose=choose)


if __name__ == "__main__":
    asyncio.run(main())
