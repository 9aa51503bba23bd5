"""What can be seen and said of sound: levels, peaks, spectrograms, verdicts, words."""
