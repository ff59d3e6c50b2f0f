"""Builds what goes to AWS: one zip for every function, and one template for everything."""
