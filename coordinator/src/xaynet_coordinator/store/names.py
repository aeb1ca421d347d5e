"""What uids and keys may look like, so that no store has to escape them."""

import re

_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_WORD = r"(?!\.\.?(?:/|$))[a-z0-9._-]+"
_KEY = re.compile(rf"{_WORD}(?:/{_WORD})*")
_PREFIX = re.compile(rf"(?:{_WORD}/)*[a-z0-9._-]*")


def check_uid(uid: str) -> str:
    """The uid itself; ``ValueError`` if it could be mistaken in a key or a file name."""
    if not _UID.fullmatch(uid):
        raise ValueError(f"uid {uid!r}: letters, digits, dots, dashes and underscores are allowed")
    return uid


def is_key(text: str) -> bool:
    """Is it ``[a-z0-9._-]+`` words joined by ``/``, none of them ``.`` or ``..``?"""
    return _KEY.fullmatch(text) is not None


def check_key(key: str) -> str:
    """The key itself; ``ValueError`` if it is none."""
    if not is_key(key):
        raise ValueError(f"key {key!r}: words of [a-z0-9._-] joined by '/' are allowed")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, which may be empty; ``ValueError`` if no key can begin with it."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"prefix {prefix!r}: no key can begin with it")
    return prefix
