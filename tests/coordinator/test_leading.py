"""Who leads, and where a start goes on: nothing that was shown goes back, and nobody who was
relieved of the lead does harm."""

from service import MODELS, PET, Service, service, settings_in
from xaynet_coordinator.record import Phase


async def reach(at: Service, phase: Phase) -> None:
    """A phase between two rounds; a round is run for Completed."""
    if phase is Phase.COMPLETED:
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.sum2_phase(summers)
    if phase is Phase.TERMINATED:
        await at.front.put_desired(desired("Terminated"))
    await at.until(lambda: at.machine.board.term > 0)
    await at.reach(phase)


def desired(state: str) -> dict:
    return {"generation": 1, "desiredState": state, "parameters": PET}


async def test_after_a_start_between_two_rounds_the_last_parameters_are_still_shown(tmp_path):
    settings = settings_in(tmp_path, round={"rounds": 1})
    async with service(settings) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        await reach(at, Phase.COMPLETED)
    async with service(settings) as again:
        await again.reach(Phase.COMPLETED)
        assert again.front.ready()
        assert again.front.model() is not None
        assert await again.params() == params
