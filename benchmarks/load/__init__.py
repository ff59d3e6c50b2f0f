"""Runs 50 users and 200 programs against a local stack for two minutes."""
