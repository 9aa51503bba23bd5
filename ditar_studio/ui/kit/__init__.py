"""What every part of the studio is made with; it knows no feature."""
