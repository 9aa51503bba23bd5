"""How lines are spoken: sliders and presets, of the project, a voice, a paragraph, a line."""
