"""From a file to a frame."""
