"""Sound on this machine: clips, files, devices, levels. No Qt and no neural network."""
