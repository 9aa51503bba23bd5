"""Parts that the whole studio is made with; the kit knows no feature."""
