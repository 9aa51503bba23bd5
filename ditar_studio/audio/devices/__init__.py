"""Sound devices: PortAudio, the list of devices, the player and the recorder."""
