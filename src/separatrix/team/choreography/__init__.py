"""See model."""
