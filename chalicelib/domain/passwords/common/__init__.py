"""The bundled list of common and breached passwords, as fingerprints (`A5`); see SOURCE.md."""

from __future__ import annotations

import unicodedata
from functools import cache
from hashlib import sha256

# The file holds one byte for each of 65,536 buckets, the number of its entries, followed by every
# entry as three bytes, in order. The bucket is the first two bytes of a digest and the entry the
# next three. With 40 bits, a password that isn't on the list matches one of its 400,000 entries at
# 4 in 10 million.
BUCKETS = 1 << 16
ENTRY_BYTES = 3
FILE_NAME = "fingerprints.bin"


def includes(password: str) -> bool:
    """Check whether the password is on the list, ignoring case."""
    bucket, entry = fingerprint(password)
    table = _table()
    start = BUCKETS + ENTRY_BYTES * sum(table[:bucket])
    end = start + ENTRY_BYTES * table[bucket]
    return any(table[at : at + ENTRY_BYTES] == entry for at in range(start, end, ENTRY_BYTES))


def folded(password: str) -> str:
    """Return the password without case, in NFC, as the list has it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", password).casefold())


def fingerprint(password: str) -> tuple[int, bytes]:
    """Return the bucket and the entry of a password."""
    digest = sha256(folded(password).encode()).digest()
    return int.from_bytes(digest[:2], "big"), digest[2 : 2 + ENTRY_BYTES]


@cache
def _table() -> bytes:
    # Read when a new password is first checked, because no other request needs it.
    from importlib.resources import files

    return files(__name__).joinpath(FILE_NAME).read_bytes()
