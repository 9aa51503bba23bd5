"""The one exception that users see: what went wrong, and what to do about it."""

from __future__ import annotations


class StudioError(Exception):
    """A failure that the user can act on.

    Args:
        message: one sentence that says what is wrong, free of jargon.
        remedy: one sentence that says what to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class OtherModelError(StudioError):
    """A fine-tuned voice was made for another model than the one at hand."""
