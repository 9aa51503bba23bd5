"""The open project, its versions, and what was deleted."""
