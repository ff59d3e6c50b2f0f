"""Puts a stage into an AWS account, changes its secrets there, and takes it away again."""
