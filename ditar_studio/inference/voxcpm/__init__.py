"""Executes VoxCPM models: loaded from their folders straight into what computes them."""
