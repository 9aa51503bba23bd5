"""Use cases shared by the studio and the command line."""
