"""Builds the package from Chalice's output, the libraries and the resources of infra/stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import CommandError
from infra.package import libraries
from infra.package.archive import compile_libraries, compile_ours, write_zip
from infra.package.models import cut_models
from infra.package.template import whole_template
from infra.package.trimming import trim
from infra.stack.stages import ROOT, read_stage
from infra.tools.merge_template import merge_template

_NOT_SOURCE = shutil.ignore_patterns("__pycache__", "deployments", "deployed")


@dataclass(frozen=True)
class Package:
    """The two files that a pipeline deploys."""

    template: Path
    archive: Path


def build(stage_name: str, target: Path, *, for_this_machine: bool = False) -> Package:
    """Write the package of a stage into a directory; raises CommandError.

    With `for_this_machine`, the libraries are copied from this environment, without an index: for
    an emulator here, never for Lambda.
    """
    stage = read_stage(stage_name)
    package = Package(target / "template.json", target / "deployment.zip")
    target.mkdir(parents=True, exist_ok=True)
    requirements = ROOT / "requirements.txt"
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        contents = work / "contents"
        contents.mkdir()
        if for_this_machine:
            libraries.copy_installed(requirements, contents)
        else:
            libraries.fetch(requirements, contents, stage.architecture)
        trim(contents)
        cut_models(contents / "botocore" / "data")
        compile_libraries(contents)
        chalices = chalice_package(work / "project", stage_name)
        with zipfile.ZipFile(chalices.archive) as ours:
            ours.extractall(contents)
        compile_ours(contents)
        write_zip(contents, package.archive)
        made = whole_template(json.loads(chalices.template.read_text("utf-8")), stage)
    # Without spaces: CloudFormation's limit is 1 MB, and each path has eight methods.
    package.template.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")
    return package


def chalice_package(project: Path, stage_name: str) -> Package:
    """Let Chalice package a copy of the app without third parties, which it would download."""
    copy_project(project)
    merge = project / "merge.json"
    merge.write_text(json.dumps(merge_template(stage_name)), encoding="utf-8")
    chalice = str(Path(sys.executable).with_name("chalice"))
    done = subprocess.run(
        [chalice, "package", "--stage", stage_name, "--merge-template", merge.name, "out"],
        cwd=project,
        env=_chalices_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"Chalice could not package the app:\n{done.stderr.strip()}"
        raise CommandError(message)
    return Package(project / "out" / "sam.json", project / "out" / "deployment.zip")


def copy_project(project: Path) -> None:
    """Copy what Chalice reads, with empty requirements, as libraries are packaged separately."""
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(ROOT / name, project / name, ignore=_NOT_SOURCE)
    shutil.copy(ROOT / "app.py", project)
    (project / "requirements.txt").touch()


def _chalices_environ() -> dict[str, str]:
    # Chalice imports the app and needs a region, though it calls nothing there.
    variables: dict[str, Any] = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    }
    return {**variables, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
