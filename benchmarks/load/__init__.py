"""A local stack under a crowd: 50 people and 200 programs at once, for two minutes."""
