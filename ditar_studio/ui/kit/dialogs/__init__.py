"""Dialogs for any purpose, and the frame of all others."""
