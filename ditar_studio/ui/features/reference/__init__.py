"""A new voice: recording, opening, trimming and judging a reference."""
