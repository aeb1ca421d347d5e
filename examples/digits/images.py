"""Images of digits, and the files that participants get theirs in."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Images:
    """`pixels` of shape (n, 64), from 0 to 1, and `labels` of shape (n,), from 0 to 9."""

    pixels: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)

    def at(self, indices):
        return Images(self.pixels[indices], self.labels[indices])


def save(images, path):
    """Write images to a file, which is all that a participant is given."""
    np.savez(path, pixels=images.pixels, labels=images.labels)


def load(path):
    """Read images from a file."""
    with np.load(path) as arrays:
        return Images(arrays["pixels"], arrays["labels"])
