"""Takes a stage back to a moment, without giving back what was taken away since."""
