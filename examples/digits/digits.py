"""The digits that scikit-learn brings along, dealt to participants who are not alike.

A fifth of the images is held out to measure accuracy. The rest is dealt so that some participants
have almost three times as many as others, and each mostly a few of the ten digits: what one of them
can learn alone is of little use.
"""

import numpy as np
from images import Images
from sklearn.datasets import load_digits

DIGITS = 10
HELD_OUT = 360
EVENNESS = 0.5  # of the Dirichlet distribution: 100 deals evenly, 0.1 gives each digit to a few


def all_digits():
    """1797 images."""
    digits = load_digits()
    return Images(digits.data / 16, digits.target)


def dealt(images, participants, random):
    """The participants' images, a list, and the held-out ones."""
    order = random.permutation(len(images))
    training, held_out = images.at(order[HELD_OUT:]), images.at(order[:HELD_OUT])
    hands = [[] for _ in range(participants)]
    for digit in range(DIGITS):
        (indices,) = np.nonzero(training.labels == digit)
        shares = random.dirichlet([EVENNESS] * participants)
        cuts = (np.cumsum(shares)[:-1] * len(indices)).astype(int)
        for hand, part in zip(hands, np.split(indices, cuts), strict=True):
            hand.append(part)
    return [training.at(np.concatenate(hand)) for hand in hands], held_out
