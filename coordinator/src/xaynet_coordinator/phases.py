"""The phases of a round, each a function that returns the step to the next one.

    idle → sum → update → sum2 → unmask → idle
    any of them → failure → idle;  idle → completed → idle;  anything → terminated

Each may be entered again at any time: what it has done before is found in the stores.
"""

from collections.abc import Mapping

from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.collecting import TICK_SECONDS, collect, hold, pass_time
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.freezing import freeze
from xaynet_coordinator.leading import confirm_lead
from xaynet_coordinator.machine import Machine, PhaseFunction, RoundFailed, Step
from xaynet_coordinator.models import ModelTaken, model_record
from xaynet_coordinator.record import Phase, Record
from xaynet_coordinator.rounds import ROUNDS, draw_round, wrapped_key_blob
from xaynet_coordinator.unmasking import unmask
from xaynet_coordinator.warm_start import InitialModelUnusable
from xaynet_pet.parameters import PetParameters

FAILURE_WAIT_MAX = 60.0
DOUBLINGS_MAX = 6  # of the wait, from 1 s
RECORDED_MODELS = 100
REREAD_SECONDS = 5.0  # between two looks at an initial model that cannot be used


async def idle(machine: Machine) -> Step:
    """Between two rounds: nothing of the last one is left, and the next one is drawn."""
    await erase_rounds(machine)
    record = await prune_models(machine)
    while not machine.to_be_terminated:
        wanted = machine.wanted
        if wanted is None:
            await pass_time(machine, TICK_SECONDS)
            continue
        if wanted.rounds is not None and record.successful >= wanted.rounds:
            return Step(record.turn(Phase.COMPLETED), erase=True)
        try:
            return await begin_round(machine, record, wanted)
        except InitialModelUnusable as error:
            machine.refuse_initial_model(str(error))
            if machine.to_be_paused:  # it may never come, and a pause need not wait for it
                await hold(machine)
            else:
                await pass_time(machine, REREAD_SECONDS)
    return machine.terminate()


async def begin_round(machine: Machine, record: Record, wanted: Wanted) -> Step:
    """The step into the next round. Raises ``InitialModelUnusable`` before anything is drawn."""
    record, model = await warm_up(machine, record, wanted.parameters)
    around = machine.around
    drawn = draw_round(record, wanted, around.vault, around.random, around.clock.today())
    # The key first: a round whose key is not stored could not go on after a crash.
    await around.blobs.put(wrapped_key_blob(drawn.round.label), drawn.wrapped_key)
    machine.metrics.round_started(drawn.round.id, drawn.round.params.sum, drawn.round.params.update)
    begun = record.begin(drawn.record, drawn.round.params.seed)
    return Step(begun, drawn.round, model, erase=True)


async def warm_up(
    machine: Machine, record: Record, pet: PetParameters
) -> tuple[Record, PublishedModel | None]:
    """The record with the initial model, and that model if it is new; neither once there is a
    model that a round has made."""
    warm_start, board = machine.warm_start, machine.board
    if warm_start is None:
        return record, None
    if record.models:
        return await warm_start.forget(record), None
    if board.model is not None and warm_start.is_taken(record, pet):
        return record, None
    model = await warm_start.take(pet)
    machine.patience.recover()
    return warm_start.remember(record, model, pet, machine.around.clock.today()), model


async def sum_phase(machine: Machine) -> Step:
    """Sum participants hand in their ephemeral keys."""
    if not await collect(machine, Phase.SUM):
        return machine.terminate()
    return to_next(machine, Phase.UPDATE)


async def update_phase(machine: Machine) -> Step:
    """Update participants hand in masked models, and the seeds of their masks for each sum
    participant."""
    if not await collect(machine, Phase.UPDATE):
        return machine.terminate()
    return to_next(machine, Phase.SUM2)


async def sum2_phase(machine: Machine) -> Step:
    """The set of updates is frozen; sum participants hand in the sum of its masks."""
    await freeze(machine)
    machine.open_seeds()
    if not await collect(machine, Phase.SUM2):
        return machine.terminate()
    return to_next(machine, Phase.UNMASK)


async def unmask_phase(machine: Machine) -> Step:
    """The mask that most sum participants agree on is taken off the sum of the updates."""
    model = await unmask(machine)
    try:
        await machine.around.models.publish(model)
    except ModelTaken as error:
        raise RoundFailed("model-taken") from error
    machine.metrics.round_succeeded()
    record = machine.record
    models = (*record.models, model_record(model, machine.around.clock.today()))
    finished = record.finish(machine.line(), phase=Phase.IDLE)
    return Step(finished.turn(Phase.IDLE, models=models), model=model, erase=True)


async def failure(machine: Machine) -> Step:
    """A round has failed: nothing of it is left, and the next one waits a little longer each
    time."""
    await erase_rounds(machine)
    doublings = min(machine.record.failures_in_a_row - 1, DOUBLINGS_MAX)
    wait = min(2.0**doublings, FAILURE_WAIT_MAX)
    until = machine.around.clock.now() + wait
    while (left := until - machine.around.clock.now()) > 0 and not machine.to_be_terminated:
        await pass_time(machine, min(left, TICK_SECONDS))
    return Step(machine.record.turn(Phase.IDLE))


async def completed(machine: Machine) -> Step:
    """As many rounds as were asked for have succeeded; a higher number goes on."""
    await erase_rounds(machine)
    while True:
        if machine.to_be_terminated:
            return machine.terminate()
        wanted = machine.wanted
        if wanted is None or wanted.rounds is None or machine.record.successful < wanted.rounds:
            return Step(machine.record.turn(Phase.IDLE))
        await pass_time(machine, TICK_SECONDS)


async def terminated(machine: Machine) -> Step:
    """The end: the secrets and dictionaries of the round are erased, models can still be read."""
    await erase_rounds(machine)
    machine.erased = True
    machine.revision.bump()
    while True:
        await pass_time(machine, TICK_SECONDS)


def to_next(machine: Machine, phase: Phase) -> Step:
    """From a phase that has collected enough to the next one of the same round."""
    record, in_force = machine.record, machine.in_force
    round = record.round and in_force and record.round.close(record.phase, in_force)
    return Step(record.turn(phase, round=round), machine.board.round)


async def erase_rounds(machine: Machine) -> None:
    """Remove what is left of rounds that are over; their keys go first."""
    blobs = machine.around.blobs
    keys = await blobs.keys(f"{ROUNDS}/")
    # Who has taken the lead may have begun a round: if so, after these keys were listed.
    await confirm_lead(machine)
    for key in sorted(keys, key=lambda key: not key.endswith("/key")):
        await blobs.delete(key)
    machine.patience.recover()


async def prune_models(machine: Machine) -> Record:
    """Remove the models that are not kept, once a newer one is in the record; the record without
    them. Where all are kept, it forgets the oldest ones, so that it does not grow for ever."""
    models, keep = machine.record.models, machine.keep_models
    recorded = models[-(keep or RECORDED_MODELS) :]
    if keep is not None:
        await machine.around.models.remove(old.id for old in models[: -len(recorded)])
    return machine.record.model_copy(update={"models": recorded})


PHASES: Mapping[Phase, PhaseFunction] = {
    Phase.IDLE: idle,
    Phase.SUM: sum_phase,
    Phase.UPDATE: update_phase,
    Phase.SUM2: sum2_phase,
    Phase.UNMASK: unmask_phase,
    Phase.FAILURE: failure,
    Phase.COMPLETED: completed,
    Phase.TERMINATED: terminated,
}
