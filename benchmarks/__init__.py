"""What docs/performance.md claims, measured anew: `python -m benchmarks`."""
