"""People: the roster, and finding somebody in it."""
