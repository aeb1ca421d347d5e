"""Stores whose answers get lost: the real ones, with a connection that fails as the test says."""

from collections.abc import Callable
from dataclasses import fields

from xaynet_coordinator.settings import Settings
from xaynet_coordinator.store import StoreUnavailable
from xaynet_coordinator.wiring import Stores, choose_stores

ALWAYS = ("open", "close")

Fate = Callable[[str, str], str]  # (store, verb) -> "fine", "lost before" or "lost after"


class Unreliable:
    """A store that is reached over a bad line."""

    def __init__(self, name: str, store: object, fate: Fate) -> None:
        self._name, self._store, self._fate = name, store, fate

    def __getattr__(self, verb: str) -> object:
        real = getattr(self._store, verb)
        if verb in ALWAYS or not callable(real):
            return real

        async def asked(*args: object, **kwargs: object) -> object:
            fate = self._fate(self._name, verb)
            if fate == "lost before":
                raise StoreUnavailable(f"{self._name}.{verb} was never asked")
            answer = await real(*args, **kwargs)
            if fate == "lost after":
                raise StoreUnavailable(f"the answer of {self._name}.{verb} was lost")
            return answer

        return asked


def unreliable(fate: Fate) -> Callable[[Settings, str], Stores]:
    """What chooses the stores of the settings, behind a bad line."""

    def choose(settings: Settings, uid: str) -> Stores:
        real = choose_stores(settings, uid)
        names = [field.name for field in fields(real)]
        return Stores(**{name: Unreliable(name, getattr(real, name), fate) for name in names})

    return choose
