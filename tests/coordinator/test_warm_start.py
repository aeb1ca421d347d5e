"""A warm start: the first round starts from a model that somebody else has made."""

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from service import MODELS, PET, Service, service, settings_in
from unreliable import unreliable
from xaynet_coordinator.record import Phase
from xaynet_coordinator.settings import Settings
from xaynet_coordinator.warm_start import InitialModelUnusable, exact, judged
from xaynet_pet import DataType, Model

WEIGHTS = [0.5, -0.25, 3.0, 0.1]
AS_F32 = np.float32(WEIGHTS).tolist()


def npy(values: object, dtype: str = "f4") -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(values, dtype))
    return file.getvalue()


def bincode(*weights: float) -> bytes:
    return Model.from_fractions(map(Fraction, weights)).to_bytes()


def warm(folder: Path, name: str = "first.npy") -> Settings:
    return settings_in(folder / "data", round={"initial_model": str(folder / name)})


def wanted(state: str = "Running", length: int = 4) -> dict:
    parameters = PET | {"model": {"length": length}}
    return {"generation": 1, "desiredState": state, "parameters": parameters}


def shown(at: Service) -> list[float]:
    return Model.from_bytes(at.front.model().bincode).to_array("F32").tolist()


async def until_refused(at: Service) -> str:
    await at.until(lambda: at.machine.unusable is not None)
    assert at.machine.record.phase is Phase.IDLE
    return at.machine.unusable


@pytest.mark.parametrize("content", [npy(WEIGHTS), bincode(*AS_F32)], ids=["npy", "bincode"])
async def test_the_first_round_starts_from_the_initial_model(tmp_path, content):
    (tmp_path / "first.npy").write_bytes(content)
    async with service(warm(tmp_path)) as at:
        await at.reach(Phase.SUM, 1)
        assert shown(at) == AS_F32
        assert np.load(io.BytesIO(at.front.model().npy)).tolist() == AS_F32
        state = await at.front.state(None, 0)
        assert (state["latestModel"], state["rounds"]["successful"]) == (None, 0)
        assert state["initialModel"] == {
            "source": str(tmp_path / "first.npy"),
            "length": 4,
            "sha256": at.front.model().digest,
            "reason": None,
            "message": None,
        }


async def test_it_is_the_same_after_a_restart_though_the_original_is_gone(tmp_path):
    (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
    async with service(warm(tmp_path)) as at:
        await at.sum_phase()
        digest = at.front.model().digest
    (tmp_path / "first.npy").unlink()
    async with service(warm(tmp_path)) as again:
        await again.until(lambda: again.machine.board.term > 0)
        assert again.front.model().digest == digest
        await again.reach(Phase.FAILURE)
        await again.reach(Phase.SUM, 2)
        assert again.front.model().digest == digest


async def test_the_first_model_that_a_round_makes_takes_its_place(tmp_path):
    (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
    async with service(warm(tmp_path)) as at:
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.sum2_phase(summers)
        await at.reach(Phase.SUM, 2)
        made = at.front.model().digest
        assert made == at.machine.record.models[-1].digest
        assert await at.machine.around.blobs.keys("initial/") == []
    async with service(warm(tmp_path)) as again:
        await again.until(lambda: again.machine.board.term > 0)
        assert again.front.model().digest == made
        assert (await again.front.state(None, 0))["initialModel"]["length"] is None


async def test_another_initial_model_is_taken_while_no_round_has_succeeded(tmp_path):
    (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
    (tmp_path / "other.npy").write_bytes(npy([1, 2, 3, 4]))
    async with service(warm(tmp_path)) as at:
        await at.reach(Phase.SUM)
    async with service(warm(tmp_path, "other.npy")) as again:
        await again.reach(Phase.FAILURE)
        await again.reach(Phase.SUM, 2)
        assert shown(again) == [1, 2, 3, 4]


async def test_a_missing_one_is_waited_for_and_then_taken(tmp_path):
    async with service(warm(tmp_path)) as at:
        sentence = f"{tmp_path / 'first.npy'} is not there: put it there, or name another"
        assert await until_refused(at) == sentence
        state = await at.front.state(None, 0)
        assert (state["phase"], state["store"]["available"]) == ("Idle", True)
        assert state["initialModel"]["reason"] == "InitialModelUnusable"
        assert state["initialModel"]["message"] == sentence
        assert state["waitingFor"] == f"an initial model: {sentence}"
        assert any(sentence in warning for warning in state["warnings"])
        (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
        await at.reach(Phase.SUM, 1)
        assert shown(at) == AS_F32
        state = await at.front.state(None, 0)
        assert (state["initialModel"]["reason"], state["warnings"]) == (None, [])


async def test_one_of_another_length_waits_until_model_length_is_its_own(tmp_path):
    (tmp_path / "first.npy").write_bytes(npy([1, 2, 3]))
    async with service(warm(tmp_path)) as at:
        assert "has 3 weights, but model.length is 4" in await until_refused(at)
        await at.front.put_desired(wanted(length=3))
        await at.reach(Phase.SUM, 1)
        assert shown(at) == [1, 2, 3]


async def test_a_new_length_before_any_success_waits_for_a_model_of_that_length(tmp_path):
    (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
    async with service(warm(tmp_path)) as at:
        await at.reach(Phase.SUM)
        await at.front.put_desired(wanted(length=2))
        await at.reach(Phase.FAILURE)
        await until_refused(at)
        (tmp_path / "first.npy").write_bytes(npy([7, 8]))
        await at.reach(Phase.SUM, 2)
        assert shown(at) == [7, 8]


async def test_a_service_that_waits_for_it_can_be_terminated(tmp_path):
    async with service(warm(tmp_path)) as at:
        await until_refused(at)
        await at.front.put_desired(wanted("Terminated"))
        await at.reach(Phase.TERMINATED)
        assert (await at.front.state(None, 0))["waitingFor"] == "Terminated"


async def test_a_service_that_waits_for_it_can_be_paused_and_goes_on(tmp_path):
    async with service(warm(tmp_path)) as at:
        await until_refused(at)
        await at.front.put_desired(wanted("Paused"))
        await at.until(lambda: at.machine.paused)
        (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
        minute = at.clock.now() + 60
        await at.until(lambda: at.clock.now() > minute)
        state = await at.front.state(None, 0)
        assert (state["phase"], state["paused"]) == ("Idle", True)
        await at.front.put_desired(wanted() | {"generation": 2})
        await at.reach(Phase.SUM, 1)
        assert shown(at) == AS_F32


async def test_an_outage_while_it_is_kept_is_an_outage_and_no_fault_of_the_model(tmp_path):
    away = True

    def fate(store: str, verb: str) -> str:
        return "lost before" if away and (store, verb) == ("blobs", "put_once") else "fine"

    (tmp_path / "first.npy").write_bytes(npy(WEIGHTS))
    async with service(warm(tmp_path), unreliable(fate)) as at:
        await at.until(lambda: at.machine.outage is not None)
        assert at.machine.unusable is None
        away = False
        await at.reach(Phase.SUM, 1)
        assert (shown(at), at.machine.outage) == (AS_F32, None)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (npy([1, 2, np.nan, 4]), "NaN or infinite"),
        (npy([1, 2, -np.inf, 4]), "NaN or infinite"),
        (npy([[1, 2], [3, 4]]), r"shape \(2, 2\), but must be one vector"),
        (npy(WEIGHTS, "f8"), "holds float64, which is not always a F32"),
        (npy([1, 2, 3, 4], "i4"), "holds int32, which is not always a F32"),
        (npy([1, 2, 3, 4], "c8"), "holds complex64"),
        (npy(WEIGHTS)[:-1], "is no whole .npy file"),
        (npy(WEIGHTS)[:20], "is no whole .npy file"),
        (npy(WEIGHTS).replace(b"(4,), }", b"(4,), ("), "is no whole .npy file"),
        (npy(WEIGHTS).replace(b"(4,), }      ", b"(400000,), } "), "is no whole .npy file"),
        (b"", "neither a .npy file nor a model"),
        (b"PK\x03\x04", "neither a .npy file nor a model"),
        (bincode(1, 2, 3), "has 3 weights"),
        (bincode(1, 2, 3, 10**60), "beyond F32"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(data: bytes, sentence: str):
    with pytest.raises(InitialModelUnusable, match=sentence):
        judged(data, 4, DataType.F32)


@pytest.mark.parametrize(
    ("dtype", "data_type"),
    [
        *(("<f4", "F32"), (">f4", "F32"), ("f2", "F32"), ("i2", "F32"), ("f4", "F64")),
        *(("f8", "F64"), ("i4", "I32"), ("u2", "I32"), ("i4", "I64"), ("i8", "I64")),
    ],
)
def test_a_vector_of_the_data_type_or_a_narrower_one_is_taken_as_it_is(dtype, data_type):
    model = judged(npy([0, 1, 200, 77], dtype), 4, DataType(data_type))
    assert Model.from_bytes(model.bincode).fractions() == [0, 1, 200, 77]


@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0, 1.0, -1.0, 0.1, -1e-3, 2.0**61, 12345678.0],
        [2.0**62, 1.0],
        [5e-324, 1.7976931348623157e308, -0.3],
        [2.0**-62, 2.0**-63],
        [],
    ],
)
def test_floats_become_exactly_the_rationals_that_they_are(values):
    assert exact(np.array(values, np.float64)).fractions() == [Fraction(one) for one in values]


def test_random_floats_become_exactly_the_rationals_that_they_are():
    values = np.random.default_rng(1).normal(size=2000).astype(np.float32)
    assert exact(values).fractions() == [Fraction(float(one)) for one in values]
