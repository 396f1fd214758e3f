"""The error of a file that is no usable image."""


class BadImage(ValueError):
    """An image that cannot be used; its text is the reason, for a report."""
