"""What docs/uniformity.md shows, made anew: `make uniformity`."""
