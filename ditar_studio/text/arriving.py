"""Text that arrives in pieces, as a language model writes it, in whole sentences."""

from __future__ import annotations

from ditar_studio.errors import StudioError
from ditar_studio.text.sentences import split


class ArrivingText:
    """Collects pieces of a text and gives its sentences out as soon as they are whole.

    A sentence is whole when the next one has begun, or after a blank line: an abbreviation's full
    stop looks like an end until then. Together all sentences have every character of the text but
    white space.

    Args:
        longest: the most characters that it may have.

    Attributes:
        characters: how many have come.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._text = ""
        self.characters = 0

    def feed(self, piece: str) -> list[str]:
        """Return the sentences that are whole now.

        Raises:
            StudioError: the text is too long.
        """
        self.characters += len(piece)
        if self.characters > self._longest:
            raise StudioError(
                f"A text may have {self._longest} characters.", "Send it in several parts."
            )
        self._text += piece
        if self._text.endswith("\n\n"):
            return self.finish()
        sentences = split(self._text)
        if len(sentences) < 2:
            return []
        white = self._text[len(self._text.rstrip()) :]
        self._text = sentences[-1] + white
        return sentences[:-1]

    def finish(self) -> list[str]:
        """Return what is left; nothing more comes."""
        text, self._text = self._text, ""
        return split(text)
