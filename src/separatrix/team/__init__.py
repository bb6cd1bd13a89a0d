"""The team wing: people, rooms and time. It knows nothing of anatomy."""
