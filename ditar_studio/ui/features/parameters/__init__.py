"""How lines are spoken: sliders and presets."""
