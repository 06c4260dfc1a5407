"""Names of groups of papers: the terms that tell each group's titles and abstracts from the others'. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from papers.search.terms import stem, surface_forms, terms, without_overlap

TERMS = 12
LABEL_TERMS = 3
SEVERAL_WORDS = 1.6  # how much more a term of several words says to a reader than one word
MODELS = 0.5  # share of a term's places before "model" from which it is written with it


def distinctive_terms(papers: Sequence[tuple[str, str]], labels: np.ndarray) -> list[list[tuple[str, float]]]:
    """For each label the terms that tell its papers (title, abstract) from the others', the most telling first.

    Class-based TF-IDF: the share of the label's papers that have the term, times the logarithm of how much larger
    it is than the share of all papers; counted once more for titles. Terms are written as the texts mostly write them.
    """
    texts = [f"{title}. {abstract}" for title, abstract in papers]
    everywhere, titled = [[terms(text, longest=3).keys() for text in of] for of in (texts, [t for t, _ in papers])]
    overall, overall_titled = _documents(everywhere), _documents(titled)
    forms = surface_forms(texts)
    named = []
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        inside, inside_titled = _documents(everywhere[row] for row in rows), _documents(titled[row] for row in rows)
        least = 2 if len(rows) > 2 else 1
        weights = {}
        for term, documents in inside.items():
            weight = _telling(documents, overall[term], len(rows), len(texts)) if documents >= least else 0.0
            if weight > 0:
                if inside_titled[term] >= least:
                    weight += max(0.0, _telling(inside_titled[term], overall_titled[term], len(rows), len(texts)))
                weights[term] = weight * (SEVERAL_WORDS if " " in term else 1.0)
        chosen = without_overlap(weights, TERMS)
        own = " ".join(texts[row] for row in rows)
        named.append([(_completed(term, written(term, forms), own), round(weights[term], 4)) for term in chosen])
    return named


def _documents(of: Iterable[Iterable[str]]) -> Counter[str]:
    return Counter(term for its_terms in of for term in its_terms)


def _telling(inside: int, overall: int, rows: int, papers: int) -> float:
    """The share of a label's `rows` times the logarithm of its ratio to the share of all `papers`."""
    share, everywhere = inside / rows, overall / papers
    return share * float(np.log(share / everywhere) if rows < papers else np.log1p(1 / everywhere))


def _completed(term: str, shown: str, text: str) -> str:
    """With "models" behind it where that is how the text mostly goes on: the word alone tells nothing apart."""
    stems = r"[\s-]+".join(re.escape(word[:-1] if word.endswith("y") else word) + r"[a-z]{0,3}"
                            for word in term.split())
    follows = Counter(found[1] is not None for found in re.finditer(rf"\b{stems}\b(\s+models?\b)?", text, re.I))
    return f"{shown} models" if follows[True] > MODELS * follows.total() and follows[True] > 1 else shown


def written(term: str, forms: dict[str, Counter[str]]) -> str:
    """A term as the texts write it: "bert" becomes "BERT", and a last word may become a plural."""
    *first, last = term.split()
    return " ".join([*(_usual(word, forms, singular=True) for word in first), _usual(last, forms)])


def _usual(word: str, forms: dict[str, Counter[str]], singular: bool = False) -> str:
    """The most frequent spelling; capitals only where they are the rule, not the start of a sentence or a title."""
    written_as = forms.get(word, Counter())
    lower: Counter[str] = Counter()
    capitals: Counter[str] = Counter()
    for form, count in written_as.items():
        (lower if form.islower() else capitals)[form] += count
    if capitals and sum(capitals.values()) > 3 * sum(lower.values()):
        spelling = max(sorted(capitals), key=lambda form: capitals[form])
        plural = spelling.endswith("s") and spelling.lower() != word == stem(spelling.lower())
        return spelling[:-1] if singular and plural else spelling
    if singular or not lower:
        return word
    return max(sorted(lower), key=lambda form: lower[form])


def label_of(named: Iterable[tuple[str, float]]) -> str:
    words = [term for term, _ in named][:LABEL_TERMS]
    label = ", ".join(words) or "Unnamed"
    return (label[0].upper() + label[1:])[:200]
