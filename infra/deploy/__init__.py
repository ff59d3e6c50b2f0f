"""Deploys a stage into an AWS account, rotates its secrets and removes it."""
