"""Sound at rest: clips, files, loudness, speed, noise, watermark."""
