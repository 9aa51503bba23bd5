"""Takes: each piece of speech that was made, with its recipe, on disk from the first patch."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

from ditar_studio.errors import StudioError
from ditar_studio.store import files
from ditar_studio.store.changes import Outcome
from ditar_studio.store.database import Database, Transaction, serial
from ditar_studio.store.lines import Lines
from ditar_studio.store.recipe import Recipe
from ditar_studio.store.spoken_word import SpokenWord
from ditar_studio.store.take import Take, Verification, WordCheck
from ditar_studio.store.take_cache import TakeCache
from ditar_studio.store.take_edit import JoinedTake, TakeEdit

FOLDER = "takes"


class Takes:
    """The takes of a library."""

    def __init__(self, database: Database, root: Path, lines: Lines) -> None:
        self.database = database
        self._root = root
        self._lines = lines
        self._kept = TakeCache(database, self._from_row)

    # --- reading

    @serial
    def of_project(self, project_id: str) -> list[Take]:
        """Return the project's takes, newest first."""
        return self._kept.of_project(project_id)

    @serial
    def of_line(self, line_id: str) -> list[Take]:
        """Return the line's takes, newest first."""
        return self._load("line_id = ? AND hidden IS NULL", line_id)

    @serial
    def get(self, take_id: str) -> Take:
        """Return a take by id; StudioError when it has been deleted."""
        found = self._load("id = ? AND hidden IS NULL", take_id)
        if not found:
            raise StudioError("This take is no longer there.", "Undo its deletion.")
        return found[0]

    # --- being made (no steps of the undo stack)

    @serial
    def begin(
        self, project_id: str, line_id: str | None, recipe: Recipe, fingerprint: str = ""
    ) -> Outcome[Take]:
        """Enter a take that is about to be made; write its WAV to `Take.path`, then `finish`.

        Args:
            fingerprint: `Line.fingerprint` of the line that is spoken.
        """
        take_id = files.new_id()
        file = f"{FOLDER}/{take_id}.wav"
        with self.database.operation() as work:
            work.insert(
                "takes",
                take_id,
                project_id=project_id,
                line_id=line_id,
                text=recipe.text,
                recipe=recipe.to_json(),
                fingerprint=fingerprint,
                file=file,
                status="recording",
                number=self._next_number(work, line_id),
                created=work.now,
            )
            files.make_private(self._root / file)
        self.database.begun.add(take_id)
        return work.outcome(self.get(take_id))

    @serial
    def finish(
        self,
        take_id: str,
        status: Literal["complete", "partial"] = "complete",
        *,
        rtf: float | None = None,
        seconds: float | None = None,
        verification: Verification | None = None,
        words: Sequence[SpokenWord] = (),
        word_check: WordCheck | None = None,
    ) -> Outcome[Take]:
        """Note that a take's file is whole; its length is read from the file unless given.

        It stands for its line from now on, unless one that is up to date was starred.
        """
        take = self.get(take_id)
        replaces = status == "complete" and self._replaces(take)
        length = files.audio_seconds(take.path) if seconds is None else seconds
        files.sound_to_disk(take.path)
        with self.database.operation() as work:
            work.update("takes", take_id, status=status, seconds=length, rtf=rtf)
            if verification is not None:
                work.update("takes", take_id, **asdict(verification))
            if words:
                work.update("takes", take_id, words=_words_json(words))
            if word_check is not None:
                work.update("takes", take_id, word_check=_word_check_json(word_check))
            if take.line_id is not None:
                work.update("lines", take.line_id, failure="")
                if replaces:
                    work.update("lines", take.line_id, take_id=take_id)
        return work.outcome(self.get(take_id))

    @serial
    def abandon(self, take_id: str) -> Outcome[None]:
        """Remove a take that was begun and has no sound in it, with its file."""
        take = self.get(take_id)
        take.path.unlink(missing_ok=True)
        with self.database.operation() as work:
            work.hide("takes", take_id)
            work.execute(
                "UPDATE lines SET last_take = last_take - 1 WHERE id = ? AND last_take = ?",
                take.line_id,
                take.number,
            )
        return work.outcome(None)

    @serial
    def set_similarity(self, take_id: str, similarity: float | None) -> Outcome[Take]:
        """Note how like the reference a take sounds, 0..1, as the optional judge said."""
        with self.database.operation() as work:
            work.update("takes", take_id, similarity=similarity)
        return work.outcome(self.get(take_id))

    @serial
    def set_word_check(self, take_id: str, word_check: WordCheck) -> Outcome[Take]:
        """Note which words of a take were heard otherwise."""
        self.get(take_id)
        with self.database.operation() as work:
            work.update("takes", take_id, word_check=_word_check_json(word_check))
        return work.outcome(self.get(take_id))

    # --- edited

    @serial
    def set_edit(self, take_id: str, edit: TakeEdit | None, merge: str = "") -> Outcome[Take]:
        """Change how a take is heard; None for as it was made.

        Args:
            merge: changes with the same key in quick succession (a handle) undo as one.
        """
        self.get(take_id)
        with self.database.operation("Edit take", merge and f"{take_id} {merge}") as work:
            work.update("takes", take_id, edit="{}" if edit is None else edit.to_json())
        return work.outcome(self.get(take_id))

    @serial
    def add_joined(
        self, label: str, joined: Sequence[JoinedTake], *, stands: bool = True
    ) -> Outcome[list[Take]]:
        """Take over takes that were put together from others; undo takes them away.

        Args:
            stands: whether the last one stands for its line, else the take that did before.

        Raises:
            StudioError: the disk is full, or a take that they are like is gone.
        """
        made = []
        line_id = self.get(joined[-1].like).line_id
        standing = self._standing(line_id)
        with self.database.operation(label) as work:
            for each in joined:
                like = self.get(each.like)
                take_id = files.new_id()
                file = f"{FOLDER}/{take_id}.wav"
                files.make_private(self._root / file)
                shutil.copyfile(each.file, self._root / file)
                files.sound_to_disk(self._root / file)
                work.insert(
                    "takes",
                    take_id,
                    project_id=like.project_id,
                    line_id=like.line_id,
                    text=like.text,
                    recipe=like.recipe.to_json(),
                    fingerprint=like.fingerprint,
                    file=file,
                    status="complete",
                    seconds=each.seconds,
                    number=self._next_number(work, like.line_id),
                    words=_words_json(each.words),
                    edit=each.edit.to_json(),
                    created=work.now,
                )
                made.append(take_id)
            if line_id is not None and standing is not None:
                work.update("lines", line_id, take_id=made[-1] if stands else standing.id)
        return work.outcome([self.get(take_id) for take_id in made])

    @serial
    def accept(self, *take_ids: str) -> Outcome[None]:
        """Note that takes say what is written, whatever was heard."""
        takes = [self.get(take_id) for take_id in take_ids]
        with self.database.operation("Accept what was said") as work:
            for take in takes:
                if take.word_check is not None:
                    accepted = replace(take.word_check, accepted=True)
                    work.update("takes", take.id, word_check=_word_check_json(accepted))
        return work.outcome(None)

    @serial
    def star(self, take_id: str, starred: bool = True) -> Outcome[Take]:
        """Star a take, which then stands for its line, or no longer."""
        line_id = self.get(take_id).line_id
        standing = self._standing(line_id)
        with self.database.operation("Star take" if starred else "Unstar take") as work:
            work.update("takes", take_id, starred=int(starred))
            if line_id is not None and standing is not None:
                if starred:
                    work.update("lines", line_id, take_id=take_id)
                elif standing.id == take_id:
                    work.update("lines", line_id, take_id=None)
        return work.outcome(self.get(take_id))

    @serial
    def set_note(self, take_id: str, note: str) -> Outcome[Take]:
        """Write a note to a take."""
        self.get(take_id)
        with self.database.operation("Edit note", merge=f"note {take_id}") as work:
            work.update("takes", take_id, note=note)
        return work.outcome(self.get(take_id))

    @serial
    def delete(self, *take_ids: str) -> Outcome[None]:
        """Delete takes; undo brings them back."""
        with self.database.operation(
            "Delete take" if len(take_ids) == 1 else "Delete takes"
        ) as work:
            for take_id in take_ids:
                self.get(take_id)
                work.hide("takes", take_id)
        return work.outcome(None)

    # --- inside

    def _standing(self, line_id: str | None) -> Take | None:
        """Return the take that stands for a line; None if there is none, or no such line."""
        query = "SELECT id FROM lines WHERE id = ? AND hidden IS NULL"
        if line_id is None or self.database.row(query, line_id) is None:
            return None
        take_id = self._lines.get(line_id).take_id
        return self.get(take_id) if take_id is not None else None

    def _replaces(self, take: Take) -> bool:
        """Return whether a take that is done stands in place of one that was chosen or starred."""
        chosen = self.database.row(
            "SELECT takes.id FROM takes JOIN lines ON lines.id = line_id WHERE line_id = ? "
            "AND takes.hidden IS NULL AND (starred OR takes.id = lines.take_id)",
            take.line_id,
        )
        standing = self._standing(take.line_id) if chosen is not None else None
        if standing is None or take.line_id is None:
            return False
        wanted = self._lines.get(take.line_id).fingerprint
        return take.fingerprint == wanted and not (
            standing.starred and standing.fingerprint == wanted
        )

    def _load(self, condition: str, *values: str) -> list[Take]:
        query = f"SELECT * FROM takes WHERE {condition} ORDER BY rowid DESC"
        return [self._from_row(row) for row in self.database.rows(query, *values)]

    def _next_number(self, work: Transaction, line_id: str | None) -> int:
        """Return the number of a line's next take, which no other one gets."""
        if line_id is None:
            return 0
        work.execute("UPDATE lines SET last_take = last_take + 1 WHERE id = ?", line_id)
        row = self.database.row("SELECT last_take FROM lines WHERE id = ?", line_id)
        return row["last_take"] if row else 0

    def _from_row(self, row: sqlite3.Row) -> Take:
        edit = TakeEdit.from_json(row["edit"])
        words = tuple(SpokenWord(*word) for word in json.loads(row["words"]))
        return Take(
            id=row["id"],
            project_id=row["project_id"],
            line_id=row["line_id"],
            text=row["text"],
            recipe=Recipe.from_json(row["recipe"]),
            fingerprint=row["fingerprint"],
            path=self._root / row["file"],
            number=row["number"],
            status=row["status"],
            seconds=row["seconds"] if edit is None else edit.seconds,
            rtf=row["rtf"],
            similarity=row["similarity"],
            verification=_verification(row),
            starred=bool(row["starred"]),
            note=row["note"],
            created=row["created"],
            words=words if edit is None else edit.words(words),
            edit=edit,
            word_check=_word_check(row["word_check"]),
        )


def _words_json(words: Sequence[SpokenWord]) -> str:
    kept = [(w.start, w.end, round(w.begins, 3), round(w.ends, 3)) for w in words]
    return json.dumps(kept, separators=(",", ":"))


def _word_check_json(check: WordCheck) -> str:
    return json.dumps(asdict(check), separators=(",", ":"))


def _word_check(text: str) -> WordCheck | None:
    if not text:
        return None
    values = json.loads(text)
    spans = tuple((start, end) for start, end in values["differing"])
    return WordCheck(values["by"], spans, values["accepted"])


def _verification(row: sqlite3.Row) -> Verification | None:
    if row["sounds_wrong"] is None:
        return None
    return Verification(row["sounds_wrong"], row["likeness"], bool(row["doubtful"]))
