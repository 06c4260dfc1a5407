"""Titles as papers are matched by."""

import hashlib
import re
import unicodedata

from papers.digests.latex import has_latex, latex_to_text

KEY_LIMIT = 400  # what the database column holds


def title_key(title: str) -> str:
    """The title as papers are matched by: no case, accents, LaTeX, punctuation or spacing; at most 400 characters.

    Letters, digits and the signs that tell titles apart (+ # * and mathematical symbols) stay.

    >>> title_key("  The {BERT}-model:\\n$\\\\beta$-VAE++ ")
    'the bert model beta vae ++'
    """
    text = latex_to_text(title) if "{" in title or has_latex(title) else title
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    text = re.sub(r"[\u0300-\u036f]", "", text)
    text = re.sub(r"[\u03b1-\u03c9]", lambda m: unicodedata.name(m[0]).split()[-1].lower(), text)
    text = unicodedata.normalize("NFC", text)
    key = "".join(ch if _tells_apart(ch) else " " for ch in text)
    key = " ".join(re.sub(r"(?<=\w)(?=\+)", " ", key).split()) or " ".join(title.split())
    if len(key) > KEY_LIMIT:
        key = f"{key[:KEY_LIMIT - 17].rstrip()} {hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return key


def _tells_apart(ch: str) -> bool:
    return ch.isalnum() or ch in "+#*" or unicodedata.category(ch) in ("Mn", "Mc", "So") \
        or (unicodedata.category(ch) == "Sm" and ch not in "|~<>=±")
