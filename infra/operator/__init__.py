"""The commands of whoever runs a stage: `python -m infra.operator --stage prod …`."""
