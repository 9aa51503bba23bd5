"""The features of the studio, a folder each."""
