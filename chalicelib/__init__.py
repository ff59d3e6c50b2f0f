"""Terminus Hub authentication: everything that ships in the Lambda besides app.py."""
