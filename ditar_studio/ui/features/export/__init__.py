"""Takes and scripts as files."""
