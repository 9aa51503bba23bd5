"""The studio's own widgets. They know the theme, and nothing of voices or takes."""
