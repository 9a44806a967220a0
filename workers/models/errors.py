"""What can be wrong with a model; each message says what to do about it."""

from workers.manifest import ModelError


class UnknownModel(ModelError):
    """No model by that name is installed."""


class ModelInUse(ModelError):
    """The model scores, or is not ours to remove."""


class UnsafeCheckpoint(ModelError):
    """The checkpoint holds more than tensors and plain data, or asks for foreign code."""


class WrongCheckpoint(ModelError):
    """The checkpoint's keys or shapes are not those of its architecture."""


class DownloadFailed(ModelError):
    """A file could not be fetched whole; what has come so far is kept."""


class NoSpace(ModelError):
    """The disk has too little room for what is to be written."""


class BuildFailed(ModelError):
    """No derived form of the model gives Detoxify's scores closely enough."""
