"""Rounds among published and our own programs, with tasks and models that the test has chosen.

A `Kind` is a make of participant. A `Troupe` starts participants of any kinds at one coordinator,
each with keys that have the wanted task in the coordinator's current round; what they must bring
about is computed by `exact` from the models they were given.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import httpx
import numpy as np

from coordinators import Coordinator
from exact import Config, decode_model, global_model
from participants import Participant, PublishedParticipant, PythonParticipant, Weights
from published import FlatSettings, PublishedCoordinator
from roles import saved_state, seeds_with_task
from server_fixtures import Launcher
from xaynet_pet import SigningKeyPair
from xaynet_sdk.saved_state import save
from xaynet_sdk.states import Session

SCALARS = (1.0, 0.5, 0.3)
# Keys without the sum task are as good as sure not to get it in the next round either.
RARELY = 0.001
DTYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64}
BOUNDS = {"B0": 1, "B2": 100, "B4": 10**4, "B6": 10**6, "Bmax": 10**9}


@dataclass(frozen=True)
class Kind:
    """A make of participant.

    program: "wheel" and "crate" are published, "ours" is the SDK of this project.
    uses: "plain" or "async", the two ways of the Python API.
    max_message_size: bytes on the wire beyond which messages are cut; None: never.
    """

    program: str
    uses: str = "plain"
    max_message_size: int | None = None

    def __str__(self) -> str:
        more = [self.uses] * (self.uses != "plain") + [str(self.max_message_size or "")]
        return "-".join(filter(None, [self.program, *more]))

    @property
    def python(self) -> str | None:
        """The interpreter that has this make; None: the wheel's."""
        return sys.executable if self.program == "ours" else None

    def state(self, seed: bytes, scalar: float) -> list[int]:
        """The saved state of a participant of the Python API that has these keys."""
        if self.program == "wheel":
            return saved_state(seed, scalar, self.max_message_size)
        keys = SigningKeyPair.from_seed(seed)
        return list(save(Session(keys, scalar, self.max_message_size)))


WHEEL, WHEEL_ASYNC = Kind("wheel"), Kind("wheel", "async")
OURS, OURS_ASYNC, OURS_CHUNKED = Kind("ours"), Kind("ours", "async"), Kind("ours", "plain", 3912)
CRATE, CRATE_CHUNKED = Kind("crate"), Kind("crate", max_message_size=3912)
CRATE_IN_SMALL_CHUNKS = Kind("crate", max_message_size=400)
OURS_IN_SMALL_CHUNKS = Kind("ours", max_message_size=400)


@dataclass(frozen=True)
class Member:
    """A participant that was started, with what it was given."""

    kind: Kind
    seed: bytes | None  # None: it has drawn its keys itself
    weights: Weights
    scalar: float
    joined_in: int
    program: Participant

    def round_begins(self, number: int) -> None:
        """Waits until it has seen the troupe's `number`-th round, and the model before it."""
        seen = "parameters" if self.kind.program == "crate" else "model"
        self.program.wait_for(seen, count=number - self.joined_in + 1)

    def got(self, expected: list[Fraction], number: int) -> None:
        """It has the global model of the round before the `number`-th, rounded (protocol §4.7)."""
        self.round_begins(number)
        if self.kind.program == "crate":
            return
        model = self.program.wait_for("model", count=number - self.joined_in + 1)["model"]
        if self.weights.dtype.kind == "i":
            assert model == [int(each) for each in expected]  # towards zero
        else:
            rounding = 4 * float(np.finfo(self.weights.dtype).eps)
            assert np.allclose(model, [float(each) for each in expected], rtol=rounding, atol=0)


@dataclass
class Troupe:
    """Everybody who takes part at one coordinator; `members` in the order of their start."""

    launch: Launcher
    folder: Path
    at: Coordinator | PublishedCoordinator
    settings: FlatSettings
    members: list[Member] = field(default_factory=list)
    round: int = 1

    def summer(self, kind: Kind) -> Member:
        weights = np.zeros(self.settings.length, DTYPES[self.settings.mask[1]])
        return self._join("sum", kind, weights, 1.0)

    def updaters(
        self, kinds: Sequence[Kind], scalars: Sequence[float] = SCALARS, start: int = 0
    ) -> list[Member]:
        """One update participant of each kind, with models `start` and on."""
        models = local_models(self.settings, start + len(kinds))[start:]
        return [
            self._join("update", kind, weights, scalar)
            for kind, weights, scalar in zip(kinds, models, scalars, strict=True)
        ]

    def newcomer(self, kind: Kind, weights: Weights, scalar: float) -> Member:
        """A participant of the Python API that draws its keys, and is told its scalar, itself."""
        folder = self._folder(f"new-{kind}")
        python = PythonParticipant(
            folder, self.at.url, weights, python=kind.python, scalar=scalar, uses=kind.uses
        )
        return self._enter(Member(kind, None, weights, scalar, self.round, self.launch(python)))

    def goes_on_elsewhere(self, member: Member) -> Member:
        """Stop a participant of the Python API, and restore it in another process."""
        assert isinstance(member.program, PythonParticipant)
        kind, state = member.kind, member.program.save()
        folder = self._folder(f"restored-{kind}")
        python = PythonParticipant(
            folder, self.at.url, member.weights, python=kind.python, state=state, uses=kind.uses
        )
        return self._enter(replace(member, program=self.launch(python)))

    def _join(self, task: str, kind: Kind, weights: Weights, scalar: float) -> Member:
        [seed] = seeds_with_task(task, 1, self.parameters())
        folder = self._folder(f"{task}-{kind}")
        program = self.launch(_program(folder, self.at.url, kind, weights, (seed, scalar)))
        return self._enter(Member(kind, seed, weights, scalar, self.round, program))

    def _folder(self, name: str) -> Path:
        return self.folder / f"{len(self.members)}-{name}"

    def _enter(self, member: Member) -> Member:
        self.members.append(member)
        return member

    def parameters(self) -> bytes:
        """The body of `/params`."""
        return self.get("/params")[1]

    def get(self, path: str) -> tuple[int, bytes]:
        answer = httpx.get(f"{self.at.url}{path}", timeout=30)
        return answer.status_code, answer.content

    def agrees_with(self, updaters: Sequence[Member]) -> list[Fraction]:
        """Waits for the next round; the model of this one is exactly that of these updaters."""
        self.round += 1
        for updater in updaters:
            updater.round_begins(self.round)
        expected = exact_mean(updaters, self.settings.mask)
        status, body = self.get("/model")
        assert status == 200
        assert decode_model(body) == expected
        for updater in updaters:
            updater.got(expected, self.round)
        return expected


def _program(
    folder: Path, url: str, kind: Kind, weights: Weights, identity: tuple[bytes, float]
) -> Participant:
    seed, scalar = identity
    if kind.program == "crate":
        size = kind.max_message_size
        return PublishedParticipant(
            folder, url, weights, seed=seed, scalar=scalar, max_message_size=size
        )
    state = kind.state(seed, scalar)
    return PythonParticipant(folder, url, weights, python=kind.python, state=state, uses=kind.uses)


def exact_mean(updaters: Sequence[Member], config: Config) -> list[Fraction]:
    return global_model([(each.weights.tolist(), each.scalar) for each in updaters], config)


def local_models(settings: FlatSettings, count: int) -> list[Weights]:
    """Models of a settings' length and type, always the same; some weights are out of bounds."""
    random = np.random.default_rng(settings.length)
    _, data_type, bound_type, _ = settings.mask
    limit, dtype = BOUNDS[bound_type] * 1.1, DTYPES[data_type]
    return [
        random.uniform(-limit, limit, settings.length).astype(dtype, casting="unsafe")
        for _ in range(count)
    ]


def settings(length: int = 4, mask: Config = ("Prime", "F32", "B0", "M3"), **more) -> FlatSettings:
    """One sum participant and three update participants are wanted, whenever they come."""
    usual = {
        "sum": RARELY,
        "sum_count": (1, 1),
        "update_count": (3, 3),
        "sum2_count": (1, 1),
        "sum_time": (0, 600),
        "update_time": (0, 600),
        "sum2_time": (0, 600),
    }
    return FlatSettings(length, mask, **(usual | more))


def label(value: object) -> str:
    """What a parameter is called in the name of a test."""
    return "/".join(value) if isinstance(value, tuple) else str(value)
