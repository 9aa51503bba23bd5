"""The model at work on lines, and the lines that wait for it."""
