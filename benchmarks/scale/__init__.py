"""Simulates how the tables behave at a size that no test can create."""
