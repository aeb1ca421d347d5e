"""Softmax regression with numpy: the model that the participants train.

Its weights are a matrix of shape (65, 10): for each of ten digits one weight for each of 64 pixels,
and one for the constant 1.
"""

import numpy as np

SHAPE = (65, 10)
STEPS = 50  # of gradient descent in one round
RATE = 1.0


def untrained():
    """Where the first round starts."""
    return np.zeros(SHAPE)


def train(weights, images, steps=STEPS):
    """The weights after some steps of gradient descent on all images."""
    inputs, targets = with_constant(images.pixels), np.eye(SHAPE[1])[images.labels]
    for _ in range(steps):
        errors = probabilities(weights, inputs) - targets
        weights = weights - RATE * inputs.T @ errors / len(images)
    return weights


def accuracy(weights, images):
    """The share of images whose digit is told right."""
    told = probabilities(weights, with_constant(images.pixels)).argmax(axis=1)
    return float((told == images.labels).mean())


def probabilities(weights, inputs):
    """For each input the probability of each digit."""
    scores = inputs @ weights
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def with_constant(pixels):
    """The pixels, and a 1 for each image."""
    return np.column_stack([pixels, np.ones(len(pixels))])
