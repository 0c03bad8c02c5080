"""Options and filters of the public functions."""
