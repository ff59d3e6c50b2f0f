"""Measures the figures of docs/uniformity.md: `make uniformity`."""
