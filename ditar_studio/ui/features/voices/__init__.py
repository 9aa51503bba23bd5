"""The library's voices: keeping, fine-tuning and mixing them."""
