"""What the studio can do, in a folder each."""
