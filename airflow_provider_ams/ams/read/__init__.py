"""Read what AMS holds, completely."""
