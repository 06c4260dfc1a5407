"""What posts are tamed by: names of emoji, and letters in a row."""

from __future__ import annotations

import re

EMOJI = {"\U0001F600": "grin", "\U0001F622": "cry", "\u2764": "heart", "\U0001F525": "fire"}
NAMES = {sign: f":{name}:" for sign, name in EMOJI.items()}


def letters_cut(word: str) -> str:
    """At most three of a letter in a row.

    >>> letters_cut("sooooo")
    'sooo'
    """
    return re.sub(r"(.)\1{3,}", r"\1\1\1", word)
