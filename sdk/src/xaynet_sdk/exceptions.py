"""The exceptions of the published SDK: eight names, each a direct subclass of Exception.

They are part of the inner module `xaynet_sdk.xaynet_sdk` too, where the published SDK has them.
"""


class CryptoInit(Exception):
    """The crypto library could not be initialized."""


class ParticipantInit(Exception):
    """A new participant cannot be made from these settings."""


class ParticipantRestore(Exception):
    """A participant cannot be restored from this state."""


class UninitializedParticipant(Exception):
    """The participant was consumed by `stop` or `save`; nothing can be called on it any more."""


class LocalModelLengthMisMatch(Exception):
    """The local model is not as long as the current round wants it."""


class LocalModelDataTypeMisMatch(Exception):
    """A weight of the local model has no finite value in the data type of the current round."""


class GlobalModelUnavailable(Exception):
    """The coordinator could not be asked for the global model, or gave no readable answer."""


class GlobalModelDataTypeMisMatch(Exception):
    """A weight of the global model has no value in the data type of the current round."""
