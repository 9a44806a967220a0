"""Errors of models. Each message says what to do about it."""

from workers.manifest import ModelError


class UnknownModel(ModelError):
    """No model with this name is installed."""


class ModelInUse(ModelError):
    """The model cannot be removed: it scores, or it is not in the models folder."""


class UnsafeCheckpoint(ModelError):
    """The checkpoint holds more than tensors and plain data, or asks for foreign code."""


class WrongCheckpoint(ModelError):
    """The checkpoint's keys or shapes are not those of its architecture."""


class DownloadFailed(ModelError):
    """A file could not be downloaded whole. The bytes received so far are kept."""


class NoSpace(ModelError):
    """The disk has too little free space."""


class BuildFailed(ModelError):
    """No derived form of the model scores closely enough to Detoxify."""
