"""The voices of recipes, found again in this library by their sound."""

from __future__ import annotations

from collections.abc import Sequence

from ditar_studio.store.database import Database
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.voice_rows import reference_hashes
from ditar_studio.text.markup import rename_voices


class RecalledVoices:
    """The library's voices that are not deleted, looked up for recipes; on its thread."""

    def __init__(self, database: Database) -> None:
        rows = database.rows("SELECT id, name FROM voices WHERE hidden IS NULL")
        names = {row["id"]: row["name"] for row in rows}
        hashes = reference_hashes(database)
        self._known = {voice: digest for voice, digest in hashes.items() if voice in names}
        self._by_hash = {digest: voice for voice, digest in self._known.items()}
        self._names = names
        self._by_name = {names[v].casefold(): digest for v, digest in self._known.items()}

    def id_of(self, recipe: Recipe) -> str | None:
        """Return the voice of a recipe: by its id, else by its sound; None if it isn't there."""
        if recipe.voice_id in self._known:
            return recipe.voice_id
        return self._by_hash.get(recipe.voice_hash)

    def text_of(self, recipe: Recipe) -> str:
        """Return the text of a recipe, in whose marks voices have the names that they have here."""
        names = {
            name: self._names[self._by_hash[digest]]
            for name, digest in recipe.other_voices.items()
            if digest in self._by_hash and self._by_name.get(name) != digest
        }
        return rename_voices(recipe.text, names) if names else recipe.text

    def missing(self, recipes: Sequence[Recipe]) -> list[str]:
        """Return names of voices that aren't there as recipes were made with them, each once."""
        found: list[str] = []
        for recipe in recipes:
            if recipe.voice_hash and recipe.voice_hash not in self._by_hash:
                found.append(recipe.voice_name)
            found += [n for n, h in recipe.other_voices.items() if h and h not in self._by_hash]
        return list(dict.fromkeys(found))
