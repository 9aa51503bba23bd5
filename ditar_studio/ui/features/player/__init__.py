"""The player, its devices and its waveform."""
