"""VoxCPM (OpenBMB): the open descendants of DiTAR, in their released weight layout."""
