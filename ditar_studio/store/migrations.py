"""The schema, as a list of steps: step n takes a database from `user_version` n - 1 to n.

A step that has been released is never edited; a change is a new step.
Every row that a person can delete has a `hidden` time instead: undo only clears it, and purging
is a separate act (see `bin`).
"""

from __future__ import annotations

import sqlite3

NEWER = (
    "This library was written by a newer DiTAR Studio.",
    "Update DiTAR Studio, or use another library.",
)
"""What is said of a database with a later schema, and what to do about it."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE voices (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        tags TEXT NOT NULL DEFAULT '[]',
        note TEXT NOT NULL DEFAULT '',
        consent TEXT NOT NULL DEFAULT '',
        origin TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        hidden REAL
    );

    CREATE TABLE samples (
        id TEXT PRIMARY KEY,
        voice_id TEXT NOT NULL REFERENCES voices(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        file TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        transcript TEXT NOT NULL,
        seconds REAL NOT NULL,
        verdict TEXT NOT NULL DEFAULT '{}',
        created REAL NOT NULL,
        hidden REAL
    );
    CREATE INDEX samples_of_voice ON samples(voice_id);

    CREATE TABLE projects (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        settings TEXT NOT NULL DEFAULT '{}',
        model_hash TEXT NOT NULL DEFAULT '',
        line_order TEXT NOT NULL DEFAULT '[]',
        created REAL NOT NULL,
        modified REAL NOT NULL,
        opened REAL NOT NULL,
        hidden REAL
    );

    CREATE TABLE lines (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        voice_id TEXT REFERENCES voices(id) ON DELETE SET NULL,
        speaker TEXT NOT NULL DEFAULT '',
        text TEXT NOT NULL,
        pause_seconds REAL NOT NULL DEFAULT 0.25,
        locked INTEGER NOT NULL DEFAULT 0,
        take_id TEXT REFERENCES takes(id) ON DELETE SET NULL,
        failure TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        hidden REAL
    );
    CREATE INDEX lines_of_project ON lines(project_id);

    CREATE TABLE takes (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        line_id TEXT REFERENCES lines(id) ON DELETE SET NULL,
        text TEXT NOT NULL,
        recipe TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        file TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('recording', 'complete', 'partial')),
        seconds REAL NOT NULL DEFAULT 0,
        rtf REAL,
        similarity REAL,
        starred INTEGER NOT NULL DEFAULT 0,
        note TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        hidden REAL
    );
    CREATE INDEX takes_of_project ON takes(project_id, created);
    CREATE INDEX takes_of_line ON takes(line_id);

    CREATE TABLE recordings (
        id TEXT PRIMARY KEY,
        file TEXT NOT NULL,
        transcript TEXT NOT NULL DEFAULT '',
        status TEXT NOT NULL CHECK (status IN ('recording', 'finished', 'kept')),
        seconds REAL NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        hidden REAL
    );

    CREATE TABLE doomed_files (file TEXT PRIMARY KEY) WITHOUT ROWID;
    """,
    """
    CREATE TABLE purged (kind TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;

    CREATE TABLE seal (digest TEXT NOT NULL);
    """,
    """
    CREATE TABLE adapters (
        id TEXT PRIMARY KEY,
        voice_id TEXT NOT NULL REFERENCES voices(id) ON DELETE CASCADE,
        file TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        card TEXT NOT NULL,
        created REAL NOT NULL,
        hidden REAL
    );
    CREATE INDEX adapters_of_voice ON adapters(voice_id);
    """,
    """
    ALTER TABLE takes ADD COLUMN sounds_wrong REAL;
    ALTER TABLE takes ADD COLUMN likeness REAL;
    ALTER TABLE takes ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE lines ADD COLUMN opens_block INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE lines ADD COLUMN section TEXT NOT NULL DEFAULT '';
    ALTER TABLE lines ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE lines ADD COLUMN block_settings TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE lines ADD COLUMN last_take INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE voices ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
    ALTER TABLE projects ADD COLUMN queue TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE takes ADD COLUMN words TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE takes ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
    UPDATE takes SET number = (
        SELECT count(*) FROM takes AS older WHERE older.line_id = takes.line_id
        AND (older.created, older.rowid) <= (takes.created, takes.rowid)
        AND (older.hidden IS NULL OR older.status != 'recording')
    ) WHERE line_id IS NOT NULL;
    UPDATE lines SET last_take = (
        SELECT coalesce(max(number), 0) FROM takes WHERE takes.line_id = lines.id
    );
    CREATE TABLE versions (
        id TEXT PRIMARY KEY,
        project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
        name TEXT NOT NULL DEFAULT '',
        content TEXT NOT NULL,
        created REAL NOT NULL
    );
    CREATE INDEX versions_of_project ON versions(project_id, created);
    """,
    """
    ALTER TABLE takes ADD COLUMN word_check TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE takes ADD COLUMN edit TEXT NOT NULL DEFAULT '{}';
    """,
    """
    ALTER TABLE lines ADD COLUMN starts REAL;
    ALTER TABLE lines ADD COLUMN ends REAL;
    """,
    """
    ALTER TABLE voices ADD COLUMN made_of TEXT NOT NULL DEFAULT '[]';
    """,
    """
    ALTER TABLE meta RENAME COLUMN key TO id;
    INSERT OR IGNORE INTO meta VALUES ('lexicon', '');
    """,
    """
    ALTER TABLE versions ADD COLUMN packed BLOB;
    ALTER TABLE versions ADD COLUMN lines INTEGER NOT NULL DEFAULT 0;
    UPDATE versions SET lines = json_array_length(content, '$.lines');
    """,
)


_SEALS = 2
"""The version that brought the seal, which tells what the rows are (see `check`)."""


def migrate(connection: sqlite3.Connection, target: int | None = None) -> None:
    """Take a database to a version, the newest by default; each step whole or not at all."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:target], start=version + 1):
        unseal = "DELETE FROM seal;" if number > _SEALS else ""
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; {unseal} PRAGMA user_version = {number}; COMMIT;"
        )
