"""``xaynet up``: a whole service in this process, from a manifest.

start    the coordinator leads → the manifest is applied, unless it already was → told where
running  its state is shown; each time the manifest is saved it is applied
end      a signal, or the service is terminated and what it must forget is erased
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from pydantic import ValidationError

from xaynet_cli.data_folder import DataFolder, Serving, default_folder
from xaynet_cli.desired import Document, desired_in, desired_of, differences
from xaynet_cli.edits import Edits
from xaynet_cli.embedded import LOOPBACK, Place, needs_restart, settings_of
from xaynet_cli.failures import CommandFailed
from xaynet_cli.screen import Screen
from xaynet_coordinator.changes import PutStatus
from xaynet_coordinator.clock import SystemClock
from xaynet_coordinator.front import Front, Unavailable
from xaynet_coordinator.logs import set_up_logs
from xaynet_coordinator.machine import Fenced
from xaynet_coordinator.record import Phase
from xaynet_coordinator.rounds import ROUNDS
from xaynet_coordinator.serving import run
from xaynet_coordinator.settings import Address, Settings, SettingsError
from xaynet_coordinator.store import StoreCorrupt, StoreUnavailable
from xaynet_operator.resource import FederatedRound, ResourceError
from xaynet_pet.sentences import dotted, sentences

LOOK_SECONDS = 1.0  # how often the manifest's file is looked at, and the time left is shown
BREATH_SECONDS = 0.1  # between two looks, however much happens

STOPPED = "{} has stopped; the next start goes on where it stood"
TERMINATED = "{} is terminated; its models are in {}"

OPTIONS = {
    "api.bind_address": "--port",
    "control.bind_address": "--control-port",
    "log.filter": "--log",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed."""

    file: Path
    data: Path | None
    host: str
    port: int
    control_port: int
    log: str


def serve(request: Request, screen: Screen) -> None:
    """Run a service until a signal, or its end. Raises ``CommandFailed``, ``ResourceError``."""
    edits = Edits(request.file)
    name = edits.manifest.metadata.name
    folder = DataFolder(request.data or default_folder(name))
    folder.prepare(name)
    place = Place(
        data=folder.path,
        address=str(Address(request.host, request.port)),
        control=str(Address(LOOPBACK, request.control_port)),
        token=token_urlsafe(32),
        log=request.log,
    )
    with screen:
        ended = asyncio.run(Service(edits, place, folder, screen).run())
    screen.tell(ended)


@dataclass(frozen=True, slots=True)
class Service:
    """One service without a cluster: its manifest, its place, and who is shown it."""

    edits: Edits
    place: Place
    folder: DataFolder
    screen: Screen

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.edits.manifest.metadata.name

    async def run(self) -> str:
        """Serve until a signal, or the end of the service; which. Raises ``CommandFailed``."""
        settings = self.settings()
        set_up_logs(settings.log)
        stop, beside = asyncio.Event(), list[asyncio.Task[str]]()
        stop_at_signals(stop)

        def started(front: Front, addresses: dict[str, str]) -> None:
            task = asyncio.create_task(self.accompany(front, addresses, stop))
            task.add_done_callback(lambda _: stop.set())
            beside.append(task)

        try:
            await run(settings, SystemClock(), os.urandom, stop, started=started)
        except (SettingsError, StoreUnavailable, StoreCorrupt, Fenced) as error:
            raise CommandFailed(*in_options(str(error)).splitlines()) from error
        finally:
            await cancelled(beside)
        done = [task.result() for task in beside if not task.cancelled()]
        return done[0] if done else STOPPED.format(self.name)

    def settings(self) -> Settings:
        """Its settings. Raises ``CommandFailed``."""
        try:
            return settings_of(self.edits.manifest, self.place)
        except ValidationError as error:
            problems = sentences(error, Settings, dotted)
            raise CommandFailed(*map(in_options, problems)) from None

    async def accompany(self, front: Front, addresses: dict[str, str], stop: asyncio.Event) -> str:
        """Everything beside the coordinator, from its first moment on; how it ended."""
        await led(front)
        await self.begin(front)
        serving = Serving(
            self.name,
            public=f"http://{addresses['public']}",
            control=f"http://{addresses['control']}",
            pid=os.getpid(),
        )
        self.folder.announce(serving, self.place.token)
        try:
            self.screen.title = serving.title
            self.screen.tell(
                f"{self.name} is served at {serving.public}, data in {self.folder.path}"
            )
            return await self.follow(front, stop)
        finally:
            self.folder.withdraw()

    async def begin(self, front: Front) -> None:
        """Apply the manifest, unless it is what was applied last: then what was changed since
        counts on."""
        if front.machine.record.phase is Phase.TERMINATED:
            raise CommandFailed(
                f"{self.name} was terminated, which is final: its global models are in "
                f"{self.folder.models}, and another --data folder begins anew"
            )
        wanted = desired_of(self.edits.manifest)
        if self.folder.applied() != wanted:
            problems = await self.apply(front, wanted)
            if problems:
                raise CommandFailed(*problems)
            return
        for difference in differences(wanted, desired_in(await front.state(None, 0))):
            told = f"{difference.field} is {difference.after}, as was set since the manifest was"
            self.screen.tell(f"{told} applied: to save {self.edits.path} undoes it")

    async def follow(self, front: Front, stop: asyncio.Event) -> str:
        """Show the service, and apply its manifest whenever it is saved, until it ends; how."""
        revision = None
        while not await is_over(front):
            state = await front.state(revision, LOOK_SECONDS)
            revision = state["revision"]
            if stop.is_set():
                return STOPPED.format(self.name)
            self.screen.show(state)
            await self.follow_edits(front)
            await asyncio.sleep(BREATH_SECONDS)
        self.screen.show(await front.state(None, 0))
        return TERMINATED.format(self.name, self.folder.models)

    async def follow_edits(self, front: Front) -> None:
        """Apply the manifest if it was saved; a wrong one changes nothing and is told."""
        before = self.edits.manifest
        try:
            manifest = self.edits.look()
        except ResourceError as error:
            self.refuse(error.sentences)
            return
        if manifest is not None:
            await self.apply_edit(front, before, manifest)

    async def apply_edit(
        self, front: Front, before: FederatedRound, manifest: FederatedRound
    ) -> None:
        """Apply a manifest that was saved, and tell what it changes."""
        now = desired_in(await front.state(None, 0))
        wanted = desired_of(manifest)
        changes = [str(one) for one in differences(now, wanted)]
        changes += [f"{field} from the next start on" for field in needs_restart(before, manifest)]
        problems = await self.apply(front, wanted)
        self.refuse(problems)
        if not problems:
            told = ", ".join(changes) or "nothing has changed"
            self.screen.tell(f"{self.edits.path} is applied: {told}")

    def refuse(self, problems: tuple[str, ...]) -> None:
        """Tell why an edit is not applied."""
        self.screen.tell(*(f"{self.edits.path} is not applied: {one}" for one in problems))

    async def apply(self, front: Front, wanted: Document) -> tuple[str, ...]:
        """Make this what is wanted, and remember it; or what is wrong with it, in sentences."""
        while True:
            known = front.machine.wanted.generation if front.machine.wanted else 0
            try:
                result = await front.put_desired({"generation": known + 1, **wanted})
            except Unavailable as error:
                return (error.reason,)
            if result.status is PutStatus.INVALID:
                return result.problems
            if result.status is PutStatus.STORED:
                self.folder.remember(self.name, wanted)
                return ()


async def led(front: Front) -> None:
    """Return once the machine leads, and so knows what was wanted before."""
    while front.machine.board.term == 0:
        await front.state(front.machine.revision.number, LOOK_SECONDS)


async def is_over(front: Front) -> bool:
    """Whether the service is terminated, and nothing is left of the round it was in."""
    if front.machine.record.phase is not Phase.TERMINATED:
        return False
    try:
        return not await front.machine.around.blobs.keys(f"{ROUNDS}/")
    except StoreUnavailable:
        return False


async def cancelled(tasks: list[asyncio.Task[str]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def in_options(text: str) -> str:
    """Sentences about settings, in the words of the command's options."""
    for key, option in OPTIONS.items():
        text = text.replace(key, option)
    return text


def stop_at_signals(stop: asyncio.Event) -> None:
    """Ctrl-C, SIGTERM, and the end of the terminal set the event."""
    names = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        names.append(signal.SIGHUP)
    for name in names:
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
