"""The public functions: thin, one for each thing a user wants."""
