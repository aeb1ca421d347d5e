"""The global model that a round must give, from the participants' own inputs.

The exact arithmetic of protocol §4.4 to §4.6 on fractions, without masks: what the masks add they
take away again. Written from the protocol alone, so that it can judge our code and the published.
"""

import json
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors"

Config = tuple[str, str, str, str]


def global_model(models: Iterable[tuple[Iterable[float], float]], config: Config) -> list[Fraction]:
    """The mean of models, each (weights, scalar), under one mask configuration."""
    add_shift, exp_shift = _shifts()[config]

    def shifted(value: Fraction) -> Fraction:
        clamped = max(-add_shift, min(add_shift, value))
        return Fraction(floor((clamped + add_shift) * exp_shift))

    sums: list[Fraction] = []
    scalars, count = Fraction(0), 0
    for weights, scalar in models:
        factor = max(Fraction(0), min(add_shift, Fraction(scalar)))
        masked = [shifted(factor * Fraction(weight)) for weight in weights]
        sums = [a + b for a, b in zip(sums, masked, strict=True)] if sums else masked
        scalars, count = scalars + shifted(factor), count + 1
    total = scalars / exp_shift - count * add_shift
    return [(each / exp_shift - count * add_shift) / total for each in sums]


def decode_model(body: bytes) -> list[Fraction]:
    """The weights in the body of `GET /model` (protocol §2.1, §2.2)."""
    place = 0

    def take(size: int) -> int:
        nonlocal place
        place += size
        return int.from_bytes(body[place - size : place], "little")

    def big_int() -> int:
        sign = {0: 0, 1: 1, 255: -1}[take(1)]
        return sign * take(4 * take(8))

    return [Fraction(big_int(), big_int()) for _ in range(take(8))]


@cache
def _shifts() -> dict[Config, tuple[Fraction, Fraction]]:
    """add_shift and exp_shift of each configuration, as the golden file has them."""
    entries = json.loads((VECTORS / "mask_orders.json").read_text())["entries"]
    names = ("group_type", "data_type", "bound_type", "model_type")
    return {
        tuple(entry["config"][name] for name in names): (
            Fraction(*map(int, entry["add_shift"])),
            Fraction(int(entry["exp_shift"])),
        )
        for entry in entries
    }
