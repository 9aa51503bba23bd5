"""Training and evaluation; only the command line reaches it."""
