"""What an import would do, event by event."""
