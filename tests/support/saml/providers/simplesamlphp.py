"""SimpleSAMLphp as Debian packages it, under PHP's own web server: another language, other XML."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.gateways.saml.metadata import read_metadata
from tests.support.patience import PATIENCE
from tests.support.saml.keys import rsa_pair
from tests.support.saml.providers import ALICE, PASSWORD, Provider, ProviderMissingError
from tests.support.servers.children import clean_environ, free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FOLDERS = ("config", "metadata", "cert", "log", "data", "tmp", "sessions", "docroot")
_INSTALLED = Path("/usr/share/simplesamlphp/www/_include.php")
_DEFAULTS = Path("/etc/simplesamlphp/config.php")

_CONFIG = """<?php
require '%(defaults)s';
$config = array_merge($config, [
    'baseurlpath' => '%(base)s/simplesaml/', 'certdir' => '%(home)s/cert/',
    'loggingdir' => '%(home)s/log/', 'datadir' => '%(home)s/data/', 'tempdir' => '%(home)s/tmp',
    'metadatadir' => '%(home)s/metadata/', 'metadata.sources' => [['type' => 'flatfile']],
    'secretsalt' => 'for-tests-alone-0123456789abcdef', 'auth.adminpassword' => 'for-tests-alone',
    'enable.saml20-idp' => true, 'admin.checkforupdates' => false, 'timezone' => 'UTC',
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'session.cookie.secure' => false, 'session.cookie.samesite' => null,
    'session.phpsession.savepath' => '%(home)s/sessions', 'store.type' => 'phpsession',
    'logging.handler' => 'file', 'logging.level' => 4,
]);
"""
_PEOPLE = """<?php
$config = ['userpass' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents('%(home)s/people.json'), true) as $mail => $password) {
    $config['userpass']["$mail:$password"] = [
        'uid' => [$mail], 'mail' => [$mail], 'givenName' => ['Alice'], 'sn' => ['Acme'],
    ];
}
"""
_HOSTED = """<?php
$format = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
$metadata['%(base)s/idp'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt',
    'auth' => 'userpass', 'NameIDFormat' => $format,
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'authproc' => [3 => ['class' => 'saml:AttributeNameID', 'attribute' => 'mail',
        'Format' => $format]],
];
"""
_CUSTOMERS = """<?php
foreach (json_decode(file_get_contents('%(home)s/customers.json'), true) as $entity => $of) {
    $metadata[$entity] = [
        'AssertionConsumerService' => $of['acs'], 'simplesaml.attributes' => true,
        'NameIDFormat' => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
        'saml20.sign.assertion' => $of['sign_assertion'],
        'saml20.sign.response' => $of['sign_response'],
        'assertion.encryption' => $of['encrypt'],
    ];
    if ($of['certificate'] !== null) {
        $metadata[$entity]['certData'] = $of['certificate'];
        $metadata[$entity]['validate.authnrequest'] = true;
    }
}
"""


@contextlib.contextmanager
def simplesamlphp(home: Path, users: Sequence[str] = (ALICE,)) -> Iterator[Provider]:
    """Run one on a free port; raises ProviderMissingError."""
    _demand_everything()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    _write(home, base, users)
    command = ["php", "-d", f"session.save_path={home}/sessions", "-S", f"127.0.0.1:{port}"]
    address = f"{base}/simplesaml/saml2/idp/metadata.php"
    environ = {**clean_environ(), "SIMPLESAMLPHP_CONFIG_DIR": f"{home}/config"}
    with running(
        [*command, "-t", f"{home}/docroot"], environ, home / "php.log", lambda: _answers(address)
    ):
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - our own child
            metadata = answer.read()
        identity = read_metadata(metadata, datetime.now(UTC))
        yield Provider(identity, metadata, home / "customers.json")


def _demand_everything() -> None:
    if shutil.which("php") is None:
        message = "there is no php on the PATH (Debian: php-cli)"
        raise ProviderMissingError(message)
    if not _INSTALLED.exists():
        message = "SimpleSAMLphp is not installed (Debian: simplesamlphp)"
        raise ProviderMissingError(message)
    listed = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout
    if missing := {"dom", "mbstring", "openssl", "curl"} - set(listed.lower().split()):
        message = (
            f"PHP lacks {', '.join(sorted(missing))} (Debian: php-xml, php-mbstring, php-curl)"
        )
        raise ProviderMissingError(message)
    try:
        _DEFAULTS.read_bytes()
        Path("/var/lib/simplesamlphp/secrets.inc.php").read_bytes()
    except OSError as error:
        message = f"SimpleSAMLphp's settings can't be read: {error}"
        raise ProviderMissingError(message) from error


def _write(home: Path, base: str, users: Sequence[str]) -> None:
    for folder in _FOLDERS:
        (home / folder).mkdir(parents=True)
    pair = rsa_pair("simplesamlphp")
    (home / "cert" / "idp.key").write_text(pair.private_pem)
    (home / "cert" / "idp.crt").write_text(pair.certificate.pem)
    (home / "customers.json").write_text("{}")
    (home / "people.json").write_text(json.dumps(dict.fromkeys(users, PASSWORD)))
    (home / "docroot" / "simplesaml").symlink_to(_INSTALLED.parent)
    values = {"home": home, "base": base, "defaults": _DEFAULTS}
    for name, text in (
        ("config/config.php", _CONFIG),
        ("config/authsources.php", _PEOPLE),
        ("metadata/saml20-idp-hosted.php", _HOSTED),
        ("metadata/saml20-sp-remote.php", _CUSTOMERS),
    ):
        (home / name).write_text(text % values)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310 - our own child
            return True
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode("utf-8", "replace")[:3_000]) from error
    except OSError:
        return False
