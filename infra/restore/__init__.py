"""Restores a stage's data to a moment, without restoring access that was withdrawn since."""
