"""The operator's commands: `python -m infra.operator --stage prod …`."""
