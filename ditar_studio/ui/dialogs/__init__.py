"""Dialogs of the studio: settings, about, welcome, shortcuts, crash report, recovery, consent."""
