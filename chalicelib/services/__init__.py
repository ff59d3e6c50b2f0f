"""One frozen dataclass for each flow; no HTTP, no pynamodb; they don't know each other."""
