"""A message that was accepted is told so when it comes again, also while its phase is ending."""

import asyncio

from federation import drawn
from interleaving import Call, interleaved
from service import MODELS, service, settings_in
from xaynet_coordinator.record import Phase
from xaynet_pet import Tag


async def test_an_update_repeated_while_the_last_one_is_committed_was_accepted(tmp_path):
    """The repeat waits for the next commit, and the one before it ends the phase."""
    commits: list[Call] = []
    repeated, ended = asyncio.Event(), asyncio.Event()

    async def around(store: str, verb: str, call: Call) -> object:
        if verb == "commit_updates":
            commits.append(call)
            if len(commits) == 3:
                await repeated.wait()
            if len(commits) == 4:
                await ended.wait()
        return await call()

    async with service(settings_in(tmp_path), interleaved(around)) as at:
        await at.sum_phase()
        await at.reach(Phase.UPDATE)
        params, sums = await at.params(), await at.sums()
        updaters = drawn(params, Tag.UPDATE, 3)
        bodies = [
            one.sealed(one.update(params, sums, *model))
            for one, model in zip(updaters, MODELS, strict=True)
        ]
        for body in bodies[:2]:
            assert (await at.front.submit(body)).header == "accepted"
        last = asyncio.create_task(at.front.submit(bodies[2]))
        await at.until(lambda: len(commits) == 3)
        again = asyncio.create_task(at.front.submit(bodies[0]))
        await at.until(lambda: bool(at.machine.committer.waiting))
        repeated.set()
        await at.until(lambda: at.machine.record.phase is Phase.SUM2)
        ended.set()
        assert (await last).header == "accepted"
        assert (await again).header == "accepted; repeated"
