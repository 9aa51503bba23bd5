"""The library on disk: SQLite and audio files. No Qt, no torch."""
