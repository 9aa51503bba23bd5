"""The window, start and end, and the features put together."""
