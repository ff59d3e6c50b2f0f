"""Getting the identity providers of the tests, seen from a machine that lacks something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.tools import identity_providers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _debian(root: Path) -> Path:
    (root / "etc").mkdir()
    (root / "usr/sbin").mkdir(parents=True)
    (root / "etc/debian_version").write_text("12\n")
    return root


def _apt_get(root: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a stand-in for Debian's tool, and the commands that it would install, on the PATH."""
    tools = root / "bin"
    tools.mkdir()
    for name, text in (("apt-get", script), ("php", ""), ("xmlsec1", "")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")


def test_outside_ci_nothing_is_installed_and_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _apt_get(tmp_path, monkeypatch, f"touch {tmp_path}/called")
    monkeypatch.delenv("CI", raising=False)
    assert identity_providers.main(_debian(tmp_path)) == 1
    assert "apt install simplesamlphp" in capsys.readouterr().err
    assert not (tmp_path / "called").exists()


def test_on_ci_packages_are_installed_and_no_service_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _debian(tmp_path)
    policy = root / "usr/sbin/policy-rc.d"
    shared = root / "usr/share/simplesamlphp/www"
    _apt_get(
        root,
        monkeypatch,
        f"cat {policy} >> {root}/policies; mkdir -p {shared}; touch {shared}/_include.php",
    )
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert identity_providers.main(root) == 0
    assert (root / "policies").read_text().count("exit 101") == 2
    assert not policy.exists()


def test_a_policy_that_stands_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _debian(tmp_path)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("somebody's own")
    _apt_get(root, monkeypatch, "exit 0")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert identity_providers.main(root) == 1
    assert policy.read_text() == "somebody's own"


def test_what_fails_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = _debian(tmp_path)
    _apt_get(root, monkeypatch, "exit 100")
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert identity_providers.main(root) == 1
    assert "apt-get update failed" in capsys.readouterr().err
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert identity_providers.main(root) == 1
    assert "not root on Debian" in capsys.readouterr().err
