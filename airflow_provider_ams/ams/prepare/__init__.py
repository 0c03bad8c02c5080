"""From a frame to events, by columns."""
