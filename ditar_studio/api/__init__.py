"""A local, OpenAI-compatible speech endpoint. Off by default, this machine only, with a token."""
