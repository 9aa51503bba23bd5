"""DiTAR Studio: clone a voice on your own computer with a diffusion transformer that streams."""

__version__ = "0.1.0"
