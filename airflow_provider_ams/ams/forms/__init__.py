"""Forms: which there are, and what they are made of."""
