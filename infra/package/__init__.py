"""Builds the deployment package: one zip for all functions, and one template."""
