"""Check a frame against the form, before anything is sent."""
