"""DiTAR Studio: clone a voice on your own computer with a diffusion transformer that streams."""

import os

__version__ = "0.1.0"

# Patches are made of thousands of small operations. Threads that wait for each other by spinning,
# as OpenMP's do by default, take the cores from interface and sound, and stand still for a time
# slice wherever another program wants a core: twenty times slower was measured. Read by torch when
# it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
