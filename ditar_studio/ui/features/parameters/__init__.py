"""Generation parameters: sliders and presets."""
