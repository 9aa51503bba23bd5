"""What the panels show and do, without widgets."""
