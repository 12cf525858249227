"""The error of an adaptation that cannot be done."""


class NotAdaptable(Exception):
    """The labelled sound does not allow it; the message is a sentence for users."""
