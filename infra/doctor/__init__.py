"""Examines a stage in AWS and reports what is wrong and what to do."""
