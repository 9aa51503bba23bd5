"""Speech from text: settings, events, voices and the generation stream. No Qt."""
