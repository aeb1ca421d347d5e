"""Every refusal of the protocol library, as one tree.

    PetError
    ├── InvalidKey                 a key, seed or signature of the wrong length, or an unusable key
    ├── SealedBoxError             a sealed box that does not open
    ├── MaskConfigError            an unknown name or code of a masking configuration
    ├── DecodeError                a body, a mask object or a dictionary that does not decode
    ├── ModelError
    │   ├── InvalidWeights         weights that the configured data type cannot hold
    │   └── ModelConversionError   a global model that the wanted data type cannot hold
    ├── MessageError
    │   ├── TooShort               shorter than its header
    │   ├── BadLength              a length field beyond the buffer, or within the signature
    │   ├── UnknownTag
    │   ├── BadSignature
    │   └── BadPayload             the payload does not parse as what the tag says
    ├── ChunkError
    │   ├── InvalidMessageSize     a maximum message size that leaves no room for data
    │   ├── TooManyChunks          more chunks than 16 bits can number
    │   └── ContradictingChunk     a chunk that cannot belong to the same message as the others
    └── MaskingError
        ├── AggregationError
        │   ├── ModelMismatch      vector configuration or length differ
        │   ├── ScalarMismatch     unit configuration differs
        │   ├── InvalidObject      an element is not below its order
        │   ├── TooManyModels      (also an UnmaskingError)
        │   └── TooManyScalars     (also an UnmaskingError)
        └── UnmaskingError
            ├── NoModel            nothing was aggregated
            ├── MaskManyMismatch   vector configuration or length differ
            ├── MaskOneMismatch    unit configuration differs
            ├── InvalidMask        an element is not below its order
            ├── ZeroScalarSum      all scalars are zero: the mean is undefined
            └── ImplausibleMask    unmasking gives values that no models could have summed to

The names of the aggregation and unmasking errors are those of protocol §4.5.
"""


class PetError(Exception):
    """A refusal by the protocol library; its text is one sentence."""


class InvalidKey(PetError): ...


class SealedBoxError(PetError): ...


class MaskConfigError(PetError): ...


class DecodeError(PetError): ...


class ModelError(PetError): ...


class InvalidWeights(ModelError): ...


class ModelConversionError(ModelError): ...


class MessageError(PetError): ...


class TooShort(MessageError): ...


class BadLength(MessageError): ...


class UnknownTag(MessageError): ...


class BadSignature(MessageError): ...


class BadPayload(MessageError): ...


class ChunkError(PetError): ...


class InvalidMessageSize(ChunkError): ...


class TooManyChunks(ChunkError): ...


class ContradictingChunk(ChunkError): ...


class MaskingError(PetError): ...


class AggregationError(MaskingError): ...


class UnmaskingError(MaskingError): ...


class ModelMismatch(AggregationError): ...


class ScalarMismatch(AggregationError): ...


class InvalidObject(AggregationError): ...


class TooManyModels(AggregationError, UnmaskingError): ...


class TooManyScalars(AggregationError, UnmaskingError): ...


class NoModel(UnmaskingError): ...


class MaskManyMismatch(UnmaskingError): ...


class MaskOneMismatch(UnmaskingError): ...


class InvalidMask(UnmaskingError): ...


class ZeroScalarSum(UnmaskingError): ...


class ImplausibleMask(UnmaskingError): ...
