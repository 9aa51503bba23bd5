"""Compiled kernels, and what calls them; without them models are computed by torch alone."""
