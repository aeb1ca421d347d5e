"""Random verbs, to a ledger and to the model of its contract at once.

After every verb:

- the ledger gave the answer that the model gives, refusals and raised errors included;
- what all reading verbs say is what the model holds, so nothing else has changed;
- neither number of the head went back;
- no more messages were accepted than the highest cap allowed;
- an accepted update has one receipt, and one seed with every sum participant of its time.

Numbers are small, so that they meet: five participants, three receipts, caps of at most four.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ledger_model import TAGS, Collected, ModelLedger
from ledger_places import LedgerPlace, RedisPlace, SqlitePlace
from ledger_steps import commit, ephemeral, pk, pointer, receipt, update
from xaynet_coordinator.store import (
    CHUNK_OVERHEAD,
    Caps,
    ChunkBounds,
    Collection,
    Desired,
    PointerMoved,
    UpdateEntry,
)
from xaynet_pet import Tag

mostly_now = st.sampled_from([0] * 18 + [-1, 1])
numbers = st.integers(0, 4)
receipts = st.integers(0, 2).map(receipt)
caps_ = st.builds(Caps, *[st.sampled_from([4, 4, 4, 3, 2, 1, 0])] * 3)
rarely = st.sampled_from([False] * 14 + [True])
sometimes = st.sampled_from([False] * 3 + [True])
collections = st.builds(
    Collection, st.sampled_from(TAGS), st.integers(0, 1).map(pk), st.integers(0, 1)
)
chunks = st.tuples(st.integers(0, 3), st.booleans(), st.binary(max_size=3))
bounds_ = st.builds(
    ChunkBounds,
    st.sampled_from([3, 3, 2, 0]).map(lambda count: count * (CHUNK_OVERHEAD + 1)),
    st.sampled_from([5, 5, 4, 0]).map(lambda count: count * (CHUNK_OVERHEAD + 1)),
)
entries = st.tuples(numbers, receipts, st.sampled_from(["all"] * 18 + ["few", "strange"]))


class LedgerMachine(RuleBasedStateMachine):
    """One ledger and one model, from empty on."""

    def __init__(self, place: LedgerPlace) -> None:
        super().__init__()
        self.place = place
        self.runner = asyncio.Runner()
        self.model = ModelLedger()
        self.ledger = place.ledger()
        self.wait(self.ledger.open())
        self.highest = Caps()
        self.seen = (0, 0)

    def wait(self, verb: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(verb)

    def both(self, verb: str, *arguments: Any, **options: Any) -> None:
        """Ask both, and compare what they answer or raise."""
        asked = getattr(self.ledger, verb)(*arguments, **options)
        answer = outcome(lambda: self.wait(asked))
        expected = outcome(lambda: getattr(self.model, verb)(*arguments, **options))
        assert answer == expected

    @initialize(caps=caps_, sums=numbers)
    def begin(self, caps: Caps, sums: int) -> None:
        """A round is going on, or little would ever be accepted."""
        self.both("take_term")
        self.both("advance", 1, 0, b"state", caps, erase=True)
        for number in range(sums):
            self.both("add_sum_participant", 1, pk(number), ephemeral(number), receipt(0))

    @rule(really=sometimes)
    def take_term(self, really: bool) -> None:
        if really:
            self.both("take_term")

    @rule(really=sometimes, term=mostly_now, epoch=mostly_now, caps=caps_, erase=sometimes)
    def advance(self, really: bool, term: int, epoch: int, caps: Caps, erase: bool) -> None:
        head, state = self.model.head, b"state %d" % term
        if really:
            self.both("advance", head.term + term, head.epoch + epoch, state, caps, erase=erase)

    @rule(term=mostly_now, epoch=mostly_now, elapsed=st.floats(0, 1e6))
    def keep_elapsed(self, term: int, epoch: int, elapsed: float) -> None:
        head = self.model.head
        self.both("keep_elapsed", head.term + term, head.epoch + epoch, elapsed)

    @rule(
        really=sometimes,
        generation=st.integers(0, 99),
        caps=caps_,
        paused=rarely,
        document=st.binary(max_size=4),
    )
    def put_desired(
        self, really: bool, generation: int, caps: Caps, paused: bool, document: bytes
    ) -> None:
        if really:
            self.both("put_desired", Desired(generation, document), caps, paused=paused)

    @rule(epoch=mostly_now, number=numbers, receipt_=receipts)
    def add_sum_participant(self, epoch: int, number: int, receipt_: bytes) -> None:
        epoch += self.model.head.epoch
        self.both("add_sum_participant", epoch, pk(number), ephemeral(number), receipt_)

    @rule(epoch=mostly_now, number=numbers, digest=st.integers(0, 1), receipt_=receipts)
    def add_mask(self, epoch: int, number: int, digest: int, receipt_: bytes) -> None:
        epoch += self.model.head.epoch
        self.both("add_mask", epoch, pk(number), b"digest %d" % digest, receipt_)

    @rule(
        epoch=mostly_now,
        member=st.sampled_from("ab"),
        lost=rarely,
        to=numbers,
        group=st.lists(entries, max_size=4),
    )
    def commit_updates(
        self, epoch: int, member: str, lost: bool, to: int, group: list[tuple[int, bytes, str]]
    ) -> None:
        expected = pointer(77) if lost else self.model.round.pointers.get(member)
        self.both(
            "commit_updates",
            commit(
                self.model.head.epoch + epoch,
                [self.entry(*each) for each in group],
                member=member,
                expected=expected,
                pointer_=pointer(to),
            ),
        )

    def entry(self, number: int, receipt_: bytes, seeds: str) -> UpdateEntry:
        """An update with a seed for all sum participants, too few, or with a stranger."""
        sums = list(self.model.round.sums)
        chosen = {"all": sums, "few": sums[1:], "strange": [*sums[1:], pk(99)]}[seeds]
        return update(number, chosen, receipt_=receipt_)

    @rule(epoch=mostly_now, name=collections, chunk=chunks, receipt_=receipts, bounds=bounds_)
    def add_chunk(
        self,
        epoch: int,
        name: Collection,
        chunk: tuple[int, bool, bytes],
        receipt_: bytes,
        bounds: ChunkBounds,
    ) -> None:
        epoch += self.model.head.epoch
        self.both("add_chunk", epoch, name, chunk, receipt_, bounds)

    @rule(name=collections)
    def drop_chunks(self, name: Collection) -> None:
        self.both("drop_chunks", name)

    @rule(really=rarely)
    def forget(self, really: bool) -> None:
        if really:
            self.both("forget")

    @rule(really=sometimes)
    def open_again(self, really: bool) -> None:
        if really:
            self.wait(self.ledger.close())
            self.ledger = self.place.ledger()
            self.wait(self.ledger.open())

    @invariant()
    def everything_is_as_in_the_model(self) -> None:
        self.wait(self.compare())

    async def compare(self) -> None:
        ledger, model = self.ledger, self.model
        assert await ledger.head() == model.head
        assert await ledger.desired() == model.desired
        assert await ledger.counts() == model.counts()
        assert await ledger.sums() == model.round.sums
        assert await ledger.pointers() == model.round.pointers
        assert await ledger.votes() == model.round.votes
        for number in range(5):
            assert await ledger.seeds(pk(number)) == model.round.seeds.get(pk(number))
        for tag in TAGS:
            assert await ledger.participants(tag) == set(model.round.receipts[tag])
            for participant, expected in model.round.receipts[tag].items():
                assert await ledger.receipt(tag, participant) == expected
        for name in (Collection(tag, pk(n), m) for tag in TAGS for n in (0, 1) for m in (0, 1)):
            assert await ledger.chunks(name) == model.collections.get(name, Collected()).data

    @invariant()
    def the_numbers_never_go_back(self) -> None:
        now = (self.model.head.term, self.model.head.epoch)
        assert now[0] >= self.seen[0]
        assert now[1] >= self.seen[1]
        self.seen = now

    @invariant()
    def no_more_were_accepted_than_the_highest_cap(self) -> None:
        caps = self.model.head.caps
        self.highest = Caps(*(max(caps.of(tag), self.highest.of(tag)) for tag in TAGS))
        assert all(self.model.counts().of(tag) <= self.highest.of(tag) for tag in TAGS)

    @invariant()
    def no_seed_is_of_an_update_without_receipt(self) -> None:
        accepted = set(self.model.round.receipts[Tag.UPDATE])
        assert all(set(column) <= accepted for column in self.model.round.seeds.values())

    def teardown(self) -> None:
        self.wait(self.ledger.close())
        self.runner.close()


def outcome(ask: Callable[[], Any]) -> Any:
    """What is answered, or the type of what is raised."""
    try:
        return ask()
    except PointerMoved:
        return PointerMoved


def run(place: Callable[[int], LedgerPlace]) -> None:
    started = iter(range(10**9))
    run_state_machine_as_test(
        lambda: LedgerMachine(place(next(started))),
        settings=settings(
            max_examples=50,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(900)  # hypothesis looks for the shortest failure for up to five minutes
def test_the_sqlite_ledger_does_what_its_contract_says(tmp_path: Path):
    run(lambda number: SqlitePlace(tmp_path / str(number), "uid"))


@pytest.mark.timeout(900)
@pytest.mark.servers
def test_the_redis_ledger_does_what_its_contract_says(request: pytest.FixtureRequest, uid: str):
    url = request.getfixturevalue("redis_server").url
    run(lambda number: RedisPlace(url, f"{uid}-{number}"))
