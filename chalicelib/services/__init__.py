"""One frozen dataclass for each flow; no HTTP, no pynamodb; they share `password_check` alone."""
