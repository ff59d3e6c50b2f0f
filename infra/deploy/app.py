"""Deploys and deletes the app by Chalice's own commands, from a copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.deploy.record import forget_record, keep_record, read_record
from infra.errors import CommandError
from infra.package.build import copy_project
from infra.stack.stages import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.aws import Aws
    from infra.stack.stages import Stage

_LAST_LINES = 15


def deploy_app(
    stage: Stage, aws: Aws, archive: Path, added: dict[str, str], tell: Callable[[str], None]
) -> str:
    """Deploy the archive with some variables added to every function; raises CommandError."""
    with _project(stage, added) as project:
        record = _record_file(project, stage)
        _write(record, read_record(stage, aws))
        shutil.copy(archive, _package_name(project, stage))
        _chalice(project, "deploy", stage, aws, tell)
        deployed: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    keep_record(stage, aws, deployed)
    if not aws.emulated:
        # For Chalice's own commands, such as `chalice logs`; the record in AWS is authoritative.
        _write(_record_file(ROOT, stage), deployed)
    return f"{len(stage.functions)} functions and the API deployed"


def delete_app(stage: Stage, aws: Aws, tell: Callable[[str], None]) -> str:
    """Delete what Chalice deployed; raises CommandError."""
    deployed = read_record(stage, aws)
    if not deployed["resources"]:
        return "there is none"
    with _project(stage, {}) as project:
        _write(_record_file(project, stage), deployed)
        _chalice(project, "delete", stage, aws, tell)
    forget_record(stage, aws)
    if not aws.emulated:
        _record_file(ROOT, stage).unlink(missing_ok=True)
    return "functions, roles and the API deleted"


@contextmanager
def _project(stage: Stage, added: dict[str, str]) -> Iterator[Path]:
    # A copy, so that no account's data gets into the checkout.
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch)
        copy_project(project)
        path = project / ".chalice" / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["stages"][stage.name]["environment_variables"] |= added
        _write(path, config)
        yield project


def _package_name(project: Path, stage: Stage) -> Path:
    """Return where Chalice looks for a package of this project before it builds one."""
    from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
    from chalice.utils import UI, OSUtils

    files = OSUtils()
    packager = LambdaDeploymentPackager(
        files, DependencyBuilder(files, architecture=stage.architecture), UI(), stage.architecture
    )
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    name = Path(packager.deployment_package_filename(str(project), version))
    name.parent.mkdir(parents=True)
    return name


def _chalice(project: Path, verb: str, stage: Stage, aws: Aws, tell: Callable[[str], None]) -> None:
    command = [str(Path(sys.executable).with_name("chalice")), verb, "--stage", stage.name]
    child = subprocess.Popen(
        command,
        cwd=project,
        env={
            **os.environ,
            # Chalice reads no other variable for its region.
            "AWS_DEFAULT_REGION": aws.region,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = []
    try:
        for line in child.stdout or ():
            output.append(line.rstrip())
            tell(output[-1])
    except BaseException:
        # Stop it when this command stops; the next run finds what it created.
        child.kill()
        raise
    if child.wait() != 0:
        # The lines above ERROR are Chalice's traceback.
        starts = [at for at, line in enumerate(output) if "ERROR - " in line]
        excerpt = "\n".join(output[starts[-1] if starts else -_LAST_LINES :])
        message = f"`chalice {verb}` ended with:\n{excerpt}"
        raise CommandError(message)
    if verb == "deploy" and "Reusing existing deployment package." not in output:
        message = "Chalice packed the app itself and didn't take the package that was built for it."
        raise CommandError(message)


def _record_file(project: Path, stage: Stage) -> Path:
    return project / ".chalice" / "deployed" / f"{stage.name}.json"


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
