"""Text to token ids, with Chinese words taken apart into single characters as the models expect."""

from __future__ import annotations

import re
from pathlib import Path

from tokenizers import Tokenizer as _Tokenizer

from ditar_studio.errors import StudioError

_WORD_START = "▁"
_UNKNOWN = 0
_BLANKS = re.compile(r"\s+")
_PARENTHESES = str.maketrans("", "", "()（）")


class Tokenizer:
    """The model's own byte-fallback BPE, read from its ``tokenizer.json``."""

    def __init__(self, path: Path) -> None:
        """Raises StudioError if the file is missing or is no tokenizer."""
        if not path.is_file():
            raise StudioError(
                f"There is no tokenizer.json in {path.parent}.",
                "Download the model again, or copy the missing file into its folder.",
            )
        try:
            self._tokenizer = _Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception on bad content
            raise StudioError(
                "The model's tokenizer.json cannot be read.",
                "Download the model again, or replace the file with an intact copy.",
            ) from error
        added = self._tokenizer.get_added_tokens_decoder().values()
        special = sorted((token.content for token in added), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, special))) if special else None

    @property
    def size(self) -> int:
        """One more than the largest id that can come out."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    def encode(self, text: str) -> list[int]:
        """Return token ids of a text, without a begin-of-sentence mark.

        Control marks spelled out in the text are dropped: their ids would change the model's mode.
        """
        if self._control is not None:
            text = self._control.sub("", text)
        ids: list[int] = []
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        for token, identity in zip(encoding.tokens, encoding.ids, strict=True):
            word = token.replace(_WORD_START, "")
            if len(word) >= 2 and all("一" <= c <= "鿿" for c in word) and self._has(word):
                ids += [self._identity(character) for character in word]
            else:
                ids.append(identity)
        return ids

    def _has(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def _identity(self, character: str) -> int:
        identity: int | None = self._tokenizer.token_to_id(character)
        return _UNKNOWN if identity is None else identity


def clean_text(text: str) -> str:
    """Replace blanks and line ends by single spaces; StudioError if nothing is left to say."""
    cleaned = _BLANKS.sub(" ", text)
    if not cleaned.strip():
        raise StudioError("There is no text to speak.", "Type at least one word.")
    return cleaned


def styled_text(text: str, style: str) -> str:
    """Return the text with a style instruction before it in parentheses (VoxCPM2).

    An instruction with nothing left in it is dropped, because empty parentheses are read as a
    filler sound.
    """
    instruction = _BLANKS.sub(" ", style.translate(_PARENTHESES)).strip()
    return f"({instruction}){text}" if instruction else text
