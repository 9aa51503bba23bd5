"""Takes: lists, playing, editing, comparing."""
