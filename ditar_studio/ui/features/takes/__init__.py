"""What was spoken: lists, playing, editing, comparing."""
