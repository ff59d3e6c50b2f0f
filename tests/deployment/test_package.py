"""The zip: it starts alone, holds what runs and nothing else, and is small."""

from __future__ import annotations

import py_compile
import re
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from benchmarks.package import cold_start
from benchmarks.plain_package import packed_bytes_without_saml, plain_zip
from infra.errors import CommandError
from infra.package import libraries
from infra.package.archive import write_zip
from infra.package.build import build
from infra.package.models import SERVICES
from infra.package.trimming import ships
from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from infra.package.build import Package


_LATE = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib, pkgutil
import chalicelib
for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
    importlib.import_module(module.name)
import dns.resolver, email_validator, publicsuffixlist, zxcvbn
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from chalicelib.gateways.mail.user_agent import in_words
firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
assert in_words(firefox) == "Firefox on Linux"
assert publicsuffixlist.PublicSuffixList().privatesuffix("a.b.co.uk") == "b.co.uk"
assert zxcvbn.zxcvbn("violet harbour")["score"]
assert email_validator.validate_email("a@example.com", check_deliverability=False)
"""


@pytest.fixture(scope="session")
def names(package: Package) -> list[str]:
    with zipfile.ZipFile(package.archive) as archive:
        return archive.namelist()


@pytest.mark.parametrize("function", ["api", "mail", "key_check", "sso_watch", "deletions"])
def test_each_function_starts_with_nothing_but_the_zip(unpacked: Path, function: str) -> None:
    assert cold_start(unpacked, function)["elsewhere"] == []


def test_everything_that_is_loaded_late_is_in_the_zip_too(unpacked: Path) -> None:
    """What a start leaves for later: SAML, page templates, word lists, browsers' names, DNS."""
    command = [sys.executable, "-I", "-S", "-B", "-c", _LATE, str(unpacked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_ships_that_no_function_runs(names: list[str]) -> None:
    tops = {name.partition("/")[0].partition(".")[0].partition("-")[0] for name in names}
    assert not tops & {"boto3", "pip", "setuptools", "wheel", "tests", "infra", "docs", "bin"}
    assert not tops & {"pycparser", "requirements", "pytest", "moto", "ministack", "s3transfer"}
    of_metadata = [name for name in names if ".dist-info/" in name]
    assert of_metadata
    for name in of_metadata:
        assert re.search(r"licen[cs]e|copying|notice|authors|METADATA$", name, re.IGNORECASE), name
    assert len([name for name in of_metadata if name.endswith("METADATA")]) == 1
    of_others = [n for n in names if not n.startswith("chalicelib/") and n not in of_metadata]
    assert [n for n in of_others if re.search(r"/tests?/|\.pyi$|\.(?:rst|md)$", n)] == []


def test_each_package_that_ships_brings_its_licence_along(names: list[str]) -> None:
    licensed = {name.partition("-")[0] for name in names if ".dist-info/" in name}
    pinned = {pin.replace("-", "_").lower() for pin in libraries.pins(ROOT / "requirements.txt")}
    assert pinned - licensed == {"pycparser"}, "of which nothing ships"


def test_every_module_is_compiled_and_never_looked_at_again(package: Package) -> None:
    """A `.pyc` whose flag says unchecked is read as it is; one with a time would be made anew."""
    with zipfile.ZipFile(package.archive) as archive:
        names = set(archive.namelist())
        ours = [name for name in names if name.endswith(".py")]
        assert ours
        for name in ours:
            folder, _, module = name.rpartition("/")
            tag = sys.implementation.cache_tag
            cached = f"{folder}/__pycache__/{module[:-3]}.{tag}.pyc".removeprefix("/")
            assert cached in names
        for name in names:
            if name.endswith(".pyc"):
                assert archive.read(name)[4:8] == b"\x01\x00\x00\x00", name


def test_our_own_source_ships_for_tracebacks_and_no_one_elses(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names if name.endswith(".py")}
    assert tops == {"app.py", "chalice", "chalicelib"}


def test_botocores_data_is_that_of_the_services_that_the_code_calls(names: list[str]) -> None:
    shipped = {name.split("/")[2] for name in names if re.match(r"botocore/data/\w+/", name)}
    assert shipped == set(SERVICES)
    code = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    called = set(re.findall(r"(?:_client|create_client)\(\s*\"(\w+)\"", code))
    assert called <= shipped
    assert "get_paginator" not in code
    assert "get_waiter" not in code


def test_the_zip_without_saml_is_a_third_of_the_plain_one(package: Package, tmp_path: Path) -> None:
    plain = tmp_path / "plain.zip"
    plain_zip(plain)
    ratio = packed_bytes_without_saml(package.archive) / packed_bytes_without_saml(plain)
    assert ratio <= 0.35


def test_two_builds_of_one_checkout_are_the_same_bytes(package: Package, tmp_path: Path) -> None:
    again = build("prod", tmp_path, for_this_machine=True)
    assert again.archive.read_bytes() == package.archive.read_bytes()
    assert again.template.read_bytes() == package.template.read_bytes()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("botocore/data/dynamodb/2012-08-10/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/dynamodb/2012-08-10/examples-1.json", False),
        ("botocore/data/endpoints.json", True),
        ("lxml/etree.cpython-311-x86_64-linux-gnu.so", True),
        ("lxml/objectify.cpython-311-x86_64-linux-gnu.so", False),
        ("lxml-6.1.3.dist-info/licenses/LICENSE.txt", True),
        ("lxml-6.1.3.dist-info/RECORD", False),
        ("jinja2/py.typed", False),
        ("urllib3/connection.py", True),
    ],
)
def test_what_of_a_wheel_ships(name: str, *, kept: bool) -> None:
    assert ships(name) is kept


def test_a_requirement_that_is_not_an_exact_pin_stops_the_build(tmp_path: Path) -> None:
    loose = tmp_path / "requirements.txt"
    loose.write_text("botocore>=1.43\n")
    with pytest.raises(CommandError, match="exact versions"):
        libraries.fetch(loose, tmp_path, "arm64")


@pytest.mark.parametrize("pin", ["jinja2==3.0.0", "no-such-package-here==1"])
def test_another_version_than_the_pin_is_never_copied(pin: str, tmp_path: Path) -> None:
    other = tmp_path / "requirements.txt"
    other.write_text(f"{pin}\n")
    with pytest.raises(CommandError, match="installed here"):
        libraries.copy_installed(other, tmp_path / "target")


def test_a_wheel_that_lambda_needs_and_no_index_has_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Falling back to this machine's own would ship code that Lambda can't load."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(CommandError, match="Lambda's arm64"):
        libraries.fetch(ROOT / "requirements.txt", tmp_path, "arm64")


def test_every_pin_has_a_wheel_that_lambdas_arm64_can_load(tmp_path: Path) -> None:
    """Lambda's Python 3.11 has glibc 2.26, the later ones 2.34."""
    index = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path)]
    asked = subprocess.run([*index, "markupsafe"], capture_output=True, check=False)
    if asked.returncode != 0:
        pytest.skip("no package index answers here")
    target = tmp_path / "target"
    libraries.fetch(ROOT / "requirements.txt", target, "arm64")
    compiled = list(target.rglob("*.so*"))
    assert len(compiled) > 5
    newest = (2, 26) if sys.version_info < (3, 12) else (2, 34)
    for library in compiled:
        content = library.read_bytes()
        # An ELF file's machine stands at byte 18; 183 is AArch64.
        assert (content[:4], content[18]) == (b"\x7fELF", 183), library
        wanted = [
            tuple(map(int, version.split(b".")))
            for version in re.findall(rb"GLIBC_(\d+\.\d+)", content)
        ]
        assert max(wanted, default=(2, 0)) <= newest, library


def test_more_than_lambda_takes_stops_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.package.archive._MOST_BYTES", 10)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "large").write_bytes(bytes(11))
    with pytest.raises(CommandError, match="Lambda takes 10"):
        write_zip(tmp_path / "in", tmp_path / "zip")


def test_a_module_that_does_not_compile_stops_the_build(tmp_path: Path) -> None:
    from infra.package.archive import compile_ours

    (tmp_path / "wrong.py").write_text("def (")
    with pytest.raises(CommandError, match="could be compiled"):
        compile_ours(tmp_path)
    with pytest.raises(py_compile.PyCompileError):
        py_compile.compile(str(tmp_path / "wrong.py"), doraise=True)


def test_an_unknown_stage_is_told_in_a_sentence() -> None:
    command = [sys.executable, "-m", "infra.package", "nowhere"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("There is no stage 'nowhere'")
