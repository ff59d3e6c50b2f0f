# Most users need `make run` and `make test`. `make help` lists the other commands.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
STAGE ?= dev
# `here` packages for an emulator on this machine. Lambda can't load such a package.
FOR ?= lambda
# One test process for each core, at most four, because each starts its own databases and browsers.
# Tests of one file run in one process, because they share fixtures that are slow to start. xdist
# would begin with the files that have the most tests; tests/support/order.py lists the slowest.
WORKERS := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help run demo operator test check bench load uniformity package deploy doctor rotate destroy
.PHONY: restore pictures clean python
.DELETE_ON_ERROR:

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(STAMP) ## Run the app, its mail worker, the inbox and an AWS emulator
	@exec env STOP_WITH_PARENT=1 $(RUN) -m infra.local

demo: $(STAMP) ## Load a small data set into the newest account of the local run
	@$(RUN) -m infra.operator --stage local records demo

operator: $(STAMP) ## Help a user or move data, on STAGE (local: the current run): ARGS="find …"
	@$(RUN) -m infra.operator --stage $(STAGE) $(ARGS)

test: $(STAMP) ## Run all tests, in a real browser too
	@$(RUN) -m infra.tools.identity_providers || true
	@chromium=$$($(RUN) -m infra.tools.chromium) || chromium=; \
	exec env CHROMIUM="$$chromium" $(RUN) -m pytest $(WORKERS) $(ARGS)

check: $(STAMP) ## Lint, types, import rules, and tests with coverage
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports
	@$(RUN) -m infra.tools.identity_providers || true
	@chromium=$$($(RUN) -m infra.tools.chromium) || chromium=; \
	CHROMIUM="$$chromium" $(RUN) -m coverage run -m pytest $(WORKERS) $(ARGS)
	@$(RUN) -m coverage combine --quiet
	@$(RUN) -m coverage report

bench: $(STAMP) ## Measure what docs/ promises about speed
	@$(RUN) -m benchmarks

load: $(STAMP) ## Run 50 users and 200 programs on a local stack for two minutes
	@$(RUN) -m benchmarks.load

uniformity: $(STAMP) ## Test that answers reveal nothing, and time them
	@$(RUN) -m benchmarks.uniformity $(ARGS)

pictures: $(STAMP) ## Take the pictures in docs/pictures again
	@chromium=$$($(RUN) -m infra.tools.chromium) && CHROMIUM="$$chromium" $(RUN) -m tests.support.docs.pictures

package: $(STAMP) ## Write build/STAGE/template.json and deployment.zip, for your own pipeline
	@$(RUN) -m infra.package $(STAGE) --for $(FOR)

deploy: $(STAMP) ## Deploy STAGE into your AWS account, or update it
	@$(RUN) -m infra.deploy up $(STAGE) --for $(FOR) $(ARGS)

doctor: $(STAMP) ## Examine STAGE and report what is wrong, by exit status too
	@$(RUN) -m infra.doctor $(STAGE)

rotate: $(STAMP) ## Rotate a secret of STAGE: WHAT=cookie_key, pepper, saml or saml_switch
	@$(RUN) -m infra.deploy rotate $(STAGE) $(WHAT)

destroy: $(STAMP) ## Remove STAGE except its tables; ARGS=--tables-too removes these too
	@$(RUN) -m infra.deploy destroy $(STAGE) $(ARGS)

restore: $(STAMP) ## Restore a stage's data: make restore STAGE=prod AT=2026-11-24T09:30:00Z
	@$(RUN) -m infra.restore $(STAGE) $(AT) $(ARGS)

clean: ## Remove build and run files, the local data included
	@rm -rf $(VENV) .local build .coverage htmlcov
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@rm -rf .chalice/deployments
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Packages are only installed again when a pin has changed.
$(STAMP): requirements.txt requirements-dev.txt | python
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python can't make a virtual environment here (on Debian: apt install python3-venv)." >&2; \
	  exit 1; }
	@echo "Installing the pinned packages; this happens once and takes a minute or two ..."
	@$(RUN) -m pip install --disable-pip-version-check --progress-bar off --quiet \
	  -r requirements-dev.txt || { \
	  echo "The packages could not be installed; see above." >&2; exit 1; }
	@touch $@

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Python is missing: $(PYTHON) is not on the PATH; 3.11 or newer is needed." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python is too old: 3.11 or newer is needed; name one by PYTHON=." >&2; exit 1; }
