"""Deals the digits to the demo's participants, a file for each: `deal.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "digits"))

from demo import DEAL, PARTICIPANTS
from digits import all_digits, dealt
from images import save


def main() -> None:
    hands, _ = dealt(all_digits(), PARTICIPANTS, np.random.default_rng(DEAL))
    for number, hand in enumerate(hands):
        save(hand, Path(sys.argv[1]) / f"participant-{number}.npz")


if __name__ == "__main__":
    main()
