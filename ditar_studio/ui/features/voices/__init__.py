"""The library's voices: keeping, mixing and fine-tuning them."""
