"""DiTAR: configuration, networks, sampling and weights. torch only; no threads, no Qt."""
