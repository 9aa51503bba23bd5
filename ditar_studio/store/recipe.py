"""The recipe of a take: everything needed to make it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from ditar_studio.errors import StudioError
from ditar_studio.store import foreign
from ditar_studio.store.own_settings import OwnSettings


@dataclass(frozen=True)
class Recipe:
    """The recipe of a take: all that it was made from.

    Args:
        model_name: name of the model ("builtin").
        model_hash: hash of its weights.
        voice_id: the voice's id in this library, or None (no reference).
        voice_name: its name at the time.
        voice_hash: `Voice.hash` at the time: of the sample's audio and transcript, and of what the
            voice was fine-tuned to.
        voice_made_of: what the voice was mixed of, in words; empty for a voice of a person.
        other_voices: hashes of the voices that marks in the text name, by the names in lower case;
            empty where there was no such voice.
        adapter_hash: sha256 of what the voice was fine-tuned to; empty for an instant voice.
        text: what was spoken.
        pronunciations: the entries of the pronunciation list that are for words in it.
        settings: the generation settings as plain values, seed included.
        app_version: the version of DiTAR Studio.
        date: when, ISO 8601 with offset.
    """

    model_name: str
    model_hash: str
    voice_id: str | None
    voice_name: str
    voice_hash: str
    text: str
    settings: OwnSettings = field(default_factory=OwnSettings)
    pronunciations: str = ""
    voice_made_of: str = ""
    adapter_hash: str = ""
    other_voices: Mapping[str, str] = field(default_factory=dict)
    app_version: str = ""
    date: str = ""

    def to_json(self) -> str:
        """Write the recipe as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Recipe:
        """Read a recipe back; unknown fields of later versions are left out."""
        try:
            values = foreign.typed(dict, json.loads(text, parse_constant=foreign.no_constant))
            known = {name: values[name] for name in Recipe.__dataclass_fields__ if name in values}
            recipe = Recipe(**known)
            foreign.plain(recipe.settings)
            for name, digest in foreign.plain(recipe.other_voices, 1).items():
                foreign.text(name), foreign.text(digest)
            for name, value in known.items():
                if name not in ("settings", "other_voices") and not (
                    name == "voice_id" and value is None
                ):
                    foreign.text(value)
            return recipe
        except (ValueError, TypeError, RecursionError) as error:
            raise StudioError(
                "This recipe cannot be read.", "Choose a file that DiTAR Studio exported."
            ) from error


class PronunciationList:
    """A pronunciation list ("word = how it is said", a line each), read once for many texts."""

    def __init__(self, text: str) -> None:
        entries = (line.strip() for line in text.splitlines())
        self._entries = [
            (word, entry)
            for entry in entries
            if not entry.startswith("#") and (word := entry.partition("=")[0].strip().casefold())
        ]

    def entries_in(self, text: str) -> str:
        """Return the lines of the list whose words occur in a text."""
        if not self._entries:
            return ""
        spoken = text.casefold()
        return "\n".join(entry for word, entry in self._entries if word in spoken)


def pronunciations_in(lexicon: str, text: str) -> str:
    """Return the lines of a pronunciation list whose words occur in a text."""
    return PronunciationList(lexicon).entries_in(text)


def merged_pronunciations(lexicon: str, others: Iterable[str]) -> str:
    """Return a pronunciation list with the entries of others, where it has none for their words."""

    def word(entry: str) -> str:
        return entry.partition("=")[0].strip().casefold()

    lines = lexicon.splitlines()
    known = {word(line) for line in lines}
    for entry in "\n".join(others).splitlines():
        if word(entry) not in known:
            known.add(word(entry))
            lines.append(entry)
    return "\n".join(lines)


def fingerprint(
    model_hash: str,
    voice_hash: str,
    text: str,
    settings: OwnSettings,
    pronunciations: str = "",
) -> str:
    """Return what decides whether a line's take is still what would be spoken now.

    A seed of None (rolled anew for each take) is no part of it, nor that nobody listens.
    """
    kept = {
        name: value
        for name, value in sorted(settings.items())
        if value is not None and (name, value) != ("verify", False)
    }
    parts = [model_hash, voice_hash, " ".join(text.split()), kept, pronunciations]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
