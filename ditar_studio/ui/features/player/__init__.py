"""What is played, on which device, and how it looks."""
