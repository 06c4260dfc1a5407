"""How a setting writes its text: plainly, in a dialect without rules of spelling, as posts, or without blanks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

WAYS = 4                                    # in which one word may be written
EMOJI = ("\U0001F600", "\U0001F622", "\u2764", "\U0001F525")
_SOUNDS = (("th", "d"), ("ph", "f"), ("ck", "q"), ("c", "k"), ("w", "ou"), ("v", "b"), ("s", "z"), ("l", "r"),
           ("g", "j"), ("p", "b"))
_VOWELS = {"a": ("a", "e"), "e": ("e", "i"), "i": ("i", "y"), "o": ("o", "u"), "u": ("u", "oo")}


def plain(word: str, rng: np.random.Generator) -> str:
    return word


def dialect(word: str, rng: np.random.Generator) -> str:
    """Consonants by a rule, vowels in one of two ways."""
    if not word[0].isalpha():
        return word
    heard = word.lower()
    for a, b in _SOUNDS:
        heard = heard.replace(a, b)
    said = "".join(_VOWELS[c][int(rng.random() < 0.4)] if c in _VOWELS else c for c in heard)
    return said.capitalize() if word[0].isupper() else said


def post(word: str, rng: np.random.Generator) -> str:
    """Names become users, numbers links, ends of sentences emoji; letters repeated, lost or exchanged; no capitals."""
    lot, other = rng.random(2)
    if word.isdigit():
        return f"http://t.co/{rng.integers(10 ** 5)}" if lot < 0.5 else word
    if not word[0].isalpha():
        return EMOJI[int(rng.integers(len(EMOJI)))] if word in ".!?" and lot < 0.5 else word
    if word[0].isupper() and lot < 0.2:
        return f"@{word.lower()}{rng.integers(100)}"
    word = word.lower() if other < 0.5 else word.upper() if other > 0.92 else word
    if len(word) > 3 and lot < 0.45:
        at = int(rng.integers(1, len(word) - 1))
        if lot < 0.15:
            return word[:at] + word[at] * int(rng.integers(3, 7)) + word[at + 1:]
        return word[:at] + word[at + 1:] if lot < 0.3 else word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return f"#{word.capitalize()}" if lot > 0.93 else word


def unsegmented(word: str, rng: np.random.Generator) -> str:
    """Where a sign stood there is a blank."""
    return word if any(c.isalnum() for c in word) else " "


WRITING: dict[str, Callable[[str, np.random.Generator], str]] = {
    "plain": plain, "dialect": dialect, "post": post, "unsegmented": unsegmented}


def written(windows: dict[str, np.ndarray], how: dict[str, str], spelled: list[str],
            rng: np.random.Generator) -> tuple[dict[str, np.ndarray], list[str]]:
    """Windows of numbers in a list of spellings, each written as its shelf is."""
    ids: dict[str, int] = {}
    made = {}
    for name, words in windows.items():
        found, at = np.unique(words, return_inverse=True)
        ways = 1 if how[name] in ("plain", "unsegmented") else WAYS
        table = np.array([[ids.setdefault(text, len(ids)) for text in (WRITING[how[name]](spelled[i], rng) for _ in
                                                                         range(ways))] for i in found])
        made[name] = table[at.reshape(words.shape), rng.integers(ways, size=words.shape)]
    return made, list(ids)









