"""DiTAR and VoxCPM: networks and weights, in plain torch that training trains."""
