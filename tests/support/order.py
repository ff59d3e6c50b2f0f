"""Which test files start first: those that take the longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# By their seconds in `pytest -n 0 --durations=0`; all others follow.
LONGEST = (
    "local_stack/test_killed.py",
    "local_stack/test_run.py",
    "web/contract/test_openapi.py",
    "operations/test_restore.py",
    "deployment/test_deploy.py",
    "storage/accounts/test_members.py",
    "uniformity/test_proof.py",
    "operations/test_costs.py",
    "web/access/test_authorization.py",
    "flows/sso/test_saml_attacks.py",
    "flows/accounts/test_members.py",
    "uniformity/test_timing.py",
    "operator/test_interrupted_imports.py",
    "local_stack/test_worker.py",
    "deployment/test_packaged_app.py",
    "operator/test_load_records.py",
)


def rank(path: Path) -> int:
    """Return a file's position in the order."""
    name = path.relative_to(ROOT / "tests").as_posix()
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)
