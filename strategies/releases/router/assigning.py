"""Who answers a request: sticky by key, and a larger share keeps those that a smaller one had."""

import hashlib

_WORDS = 2.0**64


def place_of(key: bytes, salt: bytes = b"") -> float:
    """Where a key stands between 0 and 1: the same each time, evenly spread, unrelated under another salt.

    Keys below the new version's share are answered by it, so that a user who was given the new version keeps it while
    the share grows. The baseline is taken from the other end.
    """
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, key=salt[:64]).digest(), "little") / _WORDS
