"""HTTP in, HTTP out: the only package, besides events, that imports chalice."""
