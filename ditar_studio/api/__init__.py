"""A local speech endpoint: off by default, this machine only, with a token."""
