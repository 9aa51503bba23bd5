"""Documents opened as scripts."""
