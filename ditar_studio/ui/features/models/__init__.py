"""Models on disk, and this machine."""
