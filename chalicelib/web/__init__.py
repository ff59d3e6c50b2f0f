"""HTTP in, HTTP out. Only this package and `jobs` import chalice."""
