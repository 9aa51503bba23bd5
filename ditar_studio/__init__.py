"""DiTAR Studio: clone a voice on your own computer with a diffusion transformer that streams."""

import os

__version__ = "0.1.0"

# Patches are made of thousands of small operations. Threads that wait for each other by spinning
# for as long as OpenMP's do by default take the cores from interface and sound, and stand still for
# a time slice wherever another program wants a core: twenty times slower was measured. A short spin
# (about a tenth of a millisecond) is as fast on a quiet machine. Read by torch when it is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
