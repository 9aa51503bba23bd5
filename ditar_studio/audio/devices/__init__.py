"""Sound coming and going: PortAudio, its devices, the player and the recorder."""
