"""How words are said: the user's own list."""
