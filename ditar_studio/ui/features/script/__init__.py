"""Lines and paragraphs: writing them, what waits to be spoken, what was misread."""
