"""How a word is written: in one of three scripts, and misspelt."""

from __future__ import annotations

import numpy as np

GREEK = dict(zip("abcdefghijklmnopqrstuvwxyz", "αβψδεφγηιξκλμνοπϟρστθωςχυζ", strict=True))
SIGNS = 0x4E00
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEAR = {letter: [row[j] for j in (i - 1, i + 1) if 0 <= j < len(row)] for row in ROWS for i, letter in enumerate(row)}


def written(word: str, script: int) -> str:
    """A word in Latin letters (0), in Greek ones (1, two bytes each), or with a sign (three bytes) for two letters (2).

    >>> written("the", 1), [len(written("the", script).encode()) for script in range(3)]
    ('σηε', [3, 6, 6])
    """
    if script == 0 or not word.isascii() or not word.isalpha():
        return word
    if script == 1:
        return "".join(GREEK[letter] for letter in word)
    places = [ord(letter) - ord("a") for letter in word]
    return "".join(chr(SIGNS + 26 * places[i] + places[i + 1]) if i + 1 < len(places) else chr(SIGNS + 676 + places[i])
                   for i in range(0, len(places), 2))


def misspelt(word: str, rng: np.random.Generator, keyboard: bool) -> str:
    """One letter is dropped, doubled by another, or exchanged with the next; or its neighbour on a keyboard stands for
    it. Words of three letters or fewer, and what is not letters, stay.

    >>> len(misspelt("horse", np.random.default_rng(0), True))
    5
    """
    if len(word) < 4 or not word.isalpha() or not word.isascii():
        return word
    at = int(rng.integers(0, len(word) - 1))
    if keyboard:
        return word[:at] + str(rng.choice(NEAR[word[at]])) + word[at + 1:]
    way, other = int(rng.integers(3)), chr(ord("a") + int(rng.integers(26)))
    return word[:at] + (word[at + 1:] if way == 0 else other + word[at:] if way == 1 else
                        word[at + 1] + word[at] + word[at + 2:])
