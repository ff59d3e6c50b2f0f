"""Examines a stage as it stands in AWS, and says what is wrong with it and what to do."""
