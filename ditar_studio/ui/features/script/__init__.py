"""Lines and paragraphs: writing, speaking and checking them."""
