"""Stores between whose verbs a test puts something: each call of the real ones is in its hands."""

from collections.abc import Awaitable, Callable
from dataclasses import fields

from xaynet_coordinator.settings import Settings
from xaynet_coordinator.wiring import Stores, choose_stores

ALWAYS = ("open", "close")

Call = Callable[[], Awaitable[object]]
Around = Callable[[str, str, Call], Awaitable[object]]  # (store, verb, the call) -> its answer


class Interleaved:
    """A store whose every call goes through the test's function."""

    def __init__(self, name: str, store: object, around: Around) -> None:
        self._name, self._store, self._around = name, store, around

    def __getattr__(self, verb: str) -> object:
        real = getattr(self._store, verb)
        if verb in ALWAYS or not callable(real):
            return real

        async def asked(*args: object, **kwargs: object) -> object:
            return await self._around(self._name, verb, lambda: real(*args, **kwargs))

        return asked


def interleaved(around: Around) -> Callable[[Settings, str], Stores]:
    """What chooses the stores of the settings, with the test's function around each call."""

    def choose(settings: Settings, uid: str) -> Stores:
        real = choose_stores(settings, uid)
        names = [field.name for field in fields(real)]
        return Stores(**{name: Interleaved(name, getattr(real, name), around) for name in names})

    return choose
