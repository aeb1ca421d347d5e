"""A round of a coordinator over HTTP: who takes part, what they send, and what must come out."""

from base64 import b64encode
from dataclasses import dataclass, field
from fractions import Fraction

from federation import Participant, drawn, weighted_mean
from published import FlatSettings
from speaking import Speaking
from xaynet_pet import Message, RoundParameters, Tag

SETTINGS = FlatSettings(
    length=50,
    sum=0.4,
    update=0.9,
    sum_count=(2, 10),
    update_count=(3, 100),
    sum2_count=(2, 10),
    sum_time=(0, 600),
    update_time=(0, 600),
    sum2_time=(0, 600),
    log="xaynet=debug,info",
)
MODELS = [([(-1) ** i * (i + j) / 60 for i in range(50)], 1 / (j + 1)) for j in range(3)]


@dataclass
class Round:
    """The participants of a round, and the messages each of them sends.

    `models` are the weights and the scalar of each update participant.
    """

    at: Speaking
    number: int = 1
    models: list[tuple[list[float], float]] = field(default_factory=lambda: MODELS)
    params: RoundParameters = field(init=False)

    def __post_init__(self) -> None:
        self.params = self.at.params()

    @property
    def summers(self) -> list[Participant]:
        return drawn(self.params, Tag.SUM, 2)

    @property
    def updaters(self) -> list[Participant]:
        return drawn(self.params, Tag.UPDATE, len(self.models))

    def sum_bodies(self) -> list[bytes]:
        return [one.sealed(one.sum(self.params)) for one in self.summers]

    def update_messages(self) -> list[Message]:
        sums = self.at.sums()
        pairs = zip(self.updaters, self.models, strict=True)
        return [one.update(self.params, sums, *model) for one, model in pairs]

    def update_bodies(self) -> list[bytes]:
        pairs = zip(self.updaters, self.update_messages(), strict=True)
        return [one.sealed(message) for one, message in pairs]

    def mask_messages(self) -> list[Message]:
        return [one.sum2(self.params, self.at.seeds(one)) for one in self.summers]

    def mask_bodies(self) -> list[bytes]:
        pairs = zip(self.summers, self.mask_messages(), strict=True)
        return [one.sealed(message) for one, message in pairs]

    def post(self, bodies: list[bytes]) -> None:
        """Post each as a participant does: the same bytes again while the answer is 503."""
        for body in bodies:
            outcome = self.at.post(body)
            while outcome.startswith("503"):
                outcome = self.at.post(body)
            assert outcome in ("accepted", "accepted; repeated")

    def to_update(self) -> None:
        self.post(self.sum_bodies())
        self.at.wait_for_phase("Update")

    def to_sum2(self) -> None:
        self.to_update()
        self.post(self.update_bodies())
        self.wait_for_seeds()

    def go_on_with(self, updates: list[bytes]) -> None:
        """From Update to the end, with the updates that are still missing."""
        self.post(updates)
        self.wait_for_seeds()
        self.post(self.mask_bodies())
        self.ends_with_the_exact_mean()

    def wait_for_seeds(self) -> None:
        state = self.at.wait_for_phase("Sum2")
        while self.at.get("/seeds", pk=encoded(self.summers[0])) is None:
            state = self.at.state(after=state["revision"])

    def ends_with_the_exact_mean(self) -> None:
        """The round has succeeded, and `GET /model` has its model."""
        self.succeeds()
        model = self.at.model()
        assert model is not None
        assert model.fractions() == self.mean()

    def succeeds(self) -> str:
        """The round, the one that was interrupted, has succeeded, and no other one was begun
        in its place; the name of its model."""
        state = self.at.wait_for(lambda state: len(state["lastRounds"]) == self.number)
        assert [line["id"] for line in state["lastRounds"]] == list(range(1, self.number + 1))
        line = state["lastRounds"][-1]
        assert (line["reason"], line["update"]) == (None, len(self.models))
        return state["latestModel"]["id"]

    def mean(self) -> list[Fraction]:
        """What it must unmask to."""
        return weighted_mean(self.models, self.params)


def encoded(participant: Participant) -> str:
    return b64encode(participant.pk).decode()
