"""Analysis of sound: levels, peaks, spectrograms, verdicts, words."""
