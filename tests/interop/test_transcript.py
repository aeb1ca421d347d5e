"""The round recorded from the published coordinator, posted once more to ours while it runs.

Our coordinator is started on stores in which that round has just begun, with the recorded keys and
parameters. The recorded bodies are posted as they are; what it serves must be what was served then.
"""

import asyncio
import os
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coordinators import Coordinator
from federation import read_seeds, read_sums
from golden import document
from published import FlatSettings
from xaynet_coordinator.at_rest import RoundKey, Vault
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.record import Phase, Record, RoundRecord
from xaynet_coordinator.rounds import round_label, wrapped_key_blob
from xaynet_coordinator.settings import Settings
from xaynet_coordinator.wiring import Stores, choose_stores, master_key, service_uid
from xaynet_pet import RoundParameters

pytestmark = pytest.mark.processes

TRANSCRIPT = document("round_transcript")
PARAMS = RoundParameters.from_bytes(bytes.fromhex(TRANSCRIPT["round_params"]))
NEXT_PARAMS = RoundParameters.from_bytes(bytes.fromhex(TRANSCRIPT["next_round_params"]))
# Each phase ends with the last recorded message, where the recorded ones waited for their time.min.
SETTINGS = FlatSettings(
    length=PARAMS.model_length,
    sum=PARAMS.sum,
    update=PARAMS.update,
    sum_count=(2, 2),
    update_count=(3, 3),
    sum2_count=(2, 2),
)
NOBODY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def recorded_round(key: RoundKey, wanted: Wanted) -> Record:
    """The record of a machine that has just drawn that round."""
    round = RoundRecord(
        id=TRANSCRIPT["round_id"],
        params=PARAMS.to_bytes(),
        sealed_secret=key.seal("secret key", bytes.fromhex(TRANSCRIPT["coordinator_secret"])),
        wanted=wanted,
        started=datetime.now(UTC),
    )
    return Record(phase=Phase.SUM, round_id=round.id, seed=PARAMS.seed, round=round)


async def store_round(stores: Stores, vault: Vault, settings: Settings) -> None:
    """Leave the stores as a coordinator does that is killed at the start of that round."""
    assert settings.pet is not None
    wanted = Wanted(generation=0, parameters=settings.pet)
    label = round_label(TRANSCRIPT["round_id"], PARAMS.seed)
    key, wrapped = vault.new_key(label)
    state = recorded_round(key, wanted).written()
    await stores.open()
    await stores.blobs.put(wrapped_key_blob(label), wrapped)
    head = await stores.ledger.take_term()
    caps = wanted.caps(PARAMS.mask_config)
    assert await stores.ledger.advance(head.term, head.epoch, state, caps, erase=True)
    await stores.close()


def posts(at: Coordinator, kind: str) -> list[str]:
    """Post the recorded messages of a kind; their outcomes."""
    bodies = [entry["sealed_message"] for entry in TRANSCRIPT["messages"] if entry["kind"] == kind]
    return [at.post(bytes.fromhex(body)) for body in bodies]


@pytest.fixture
def at(launch, tmp_path: Path) -> Coordinator:
    coordinator = Coordinator(tmp_path, SETTINGS)
    coordinator.command()  # writes the settings
    settings = Settings.load(tmp_path / "settings.toml", {})
    uid = service_uid(settings, os.urandom)
    vault = Vault(master_key(settings, os.urandom), uid, os.urandom)
    asyncio.run(store_round(choose_stores(settings, uid), vault, settings))
    return launch(coordinator)


def test_the_recorded_bodies_give_the_recorded_answers(at):
    assert at.get("/params").hex() == TRANSCRIPT["round_params"]
    assert at.get("/sums") is None
    assert TRANSCRIPT["sums_before"] == 204
    assert posts(at, "sum") == ["accepted"] * 2

    at.wait_for_phase("Update")
    assert read_sums(at.get("/sums")) == read_sums(bytes.fromhex(TRANSCRIPT["sums"]))
    assert posts(at, "update") == ["accepted"] * 3

    at.wait_for(lambda state: at.get("/seeds", pk=sum_pk(0)) is not None)
    for number, part in enumerate(TRANSCRIPT["seeds"]):
        recorded = read_seeds(bytes.fromhex(part["body"]))
        assert read_seeds(at.get("/seeds", pk=sum_pk(number))) == recorded
    assert at.get("/seeds", pk=NOBODY) is None
    assert TRANSCRIPT["seeds_unknown_pk"] == 204
    assert at.get("/model") is None
    assert posts(at, "sum2") == ["accepted"] * 2

    at.wait_for(lambda state: state["round"] and state["round"]["id"] > TRANSCRIPT["round_id"])
    assert at.get("/model").hex() == TRANSCRIPT["model"]
    assert at.get("/sums") is None
    assert TRANSCRIPT["sums_next_round"] == 204
    follows_as_recorded(at.params())


def sum_pk(number: int) -> str:
    """A recorded sum participant, as it names itself in a request."""
    return b64encode(bytes.fromhex(TRANSCRIPT["seeds"][number]["sum_pk"])).decode()


def follows_as_recorded(params: RoundParameters) -> None:
    """The next round has new keys and a new seed, and all else is as it was."""
    assert len({params.pk, NEXT_PARAMS.pk, PARAMS.pk}) == 3
    assert len({params.seed, NEXT_PARAMS.seed, PARAMS.seed}) == 3
    found = (params.sum, params.update, params.mask_config, params.model_length)
    recorded = NEXT_PARAMS
    assert found == (recorded.sum, recorded.update, recorded.mask_config, recorded.model_length)
