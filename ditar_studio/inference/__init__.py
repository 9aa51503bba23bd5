"""Executes models whose weights no longer change: by torch alone, or by kernels in C."""
