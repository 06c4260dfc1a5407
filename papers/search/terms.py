"""Words and the distinctive terms of texts: for the reasons search gives and the labels of clusters. Pure Python."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")

FUNCTION_WORDS = frozenset("""
a about above across after again against all almost along already also although always among an and another any are
around as at away be became because become been before being below between both but by came can cannot could did do
does doing done due during each either else enough especially etc even ever every for from further
furthermore get give given gives go had has have having he hence her here his how however i ie if in indeed instead
into is it its itself just less let made make makes making many may me might more moreover most
much must my namely need needed needs neither never next no nor not nothing now of off often on once only onto
or other others otherwise our ours out over own per perhaps rather really see seem seems several shall she
should since so some still such take takes than that the their theirs them then there thereby therefore these
they third this those though through throughout thus to together too toward towards under until up upon us
use used uses using usually very via was we well were what whatever when where whereas whether which while who whole
whom whose why will with within without would yet you your eg ie
""".split())

# Words that abstracts share whatever they are about.
STOP_WORDS = FUNCTION_WORDS | frozenset("""
few first second last least one ones two three four five ten same six likely like
able abstract accuracy achieve achieved achieves achieving additional address addresses advantage aim aims allow allows
analyse analyze applied apply approach approaches art available based benchmark benchmarks best better beyond bring
call called capable case cases challenge challenges challenging code codes common commonly compare compared comparable
competitive comprehensive conduct conducted consider considerable consistent consistently contribution contributions
current currently demonstrate demonstrated demonstrates demonstrating design designed despite develop developed
different difficult diverse easily easy effect effective effectively effectiveness efficacy efficient efficiently
employ enable enables enabling end ensure entire essential evaluate evaluated evaluation exhibit exist existing
experiment experimental experiments explore extensive extensively fact feature features field final finally find
findings focus follow following found framework frameworks free full fully general generally github good great
greatly help helps high higher highly http https idea identify illustrate impact implement implementation important
impressive improve improved improvement improvements improves improving include includes including increase increases
increasing introduce introduced introduces investigate issue issues key known lack large largely larger lead leading
leads level leverage leverages leveraging limitation limitations limited literature low lower main mainly major manner
mean means method methods metric metrics model models motivated multiple namely new notably novel number numerous
observe obtain obtained obtains open order original outperform outperforming outperforms paper papers particular
particularly perform performance performances performed performing performs popular possible potential potentially
powerful practical practice present presented presents previous previously prior problem problems produce promising
propose proposed proposes provide provided provides providing publicly range real recent recently reduce reduced
reduces reducing related release released rely remain remains remarkable report require required requires requiring
research result resulting results reveal robust scenario scenarios setting settings show showing shown shows
significant significantly similar simple simply single small solution solutions solve specific specifically state
strategy strategies strong studies study substantial substantially success successful successfully suffer superior
surpass system systems task tasks technique techniques terms test tested time times total train trained training
trains typical typically unique utilize utilizes utilizing valuable value various version wide widely work works world
www com org io et al e.g i.e github.com something identified conventional exploiting
seeks keeping maintaining ambitious goal downstream dataset datasets
""".split())


def words(text: str) -> list[str]:
    """The words in lower case; hyphens inside a word stay."""
    return [match.lower().removesuffix("'s").removesuffix("’s") for match in WORD.findall(text)]


def stem(word: str) -> str:
    """The word without its plural ending and in American -ization, so that variants count as one."""
    if word.endswith(("isation", "isations")) and len(word) > 9:
        return word.rstrip("s")[:-7] + "ization"
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=100_000)
def _kept(written: str) -> str:
    """The stem a written word counts under; empty when it says nothing about a text, or is no word."""
    word = written.lower().removesuffix("'s").removesuffix("’s")
    return "" if _says_nothing(word) or _says_nothing(stem(word)) else stem(word)


def _says_nothing(word: str) -> bool:
    if len(word) < 2 or not word[0].isalnum() or word in STOP_WORDS:
        return True
    if word[0].isdigit() and word not in {"2d", "3d", "4d"}:
        return True
    return "-" in word and all(part in STOP_WORDS for part in word.split("-"))


def terms(text: str, longest: int = 2) -> Counter[str]:
    """Counts of the words, and of up to `longest` neighbouring ones, that could tell this text from others."""
    found: list[str] = []
    ending: list[str] = []  # here, the shortest first
    for kept in map(_kept, _WORD_OR_BREAK.findall(text)):
        if kept:
            ending = [kept, *[f"{before} {kept}" for before in ending[:longest - 1]]]
            found += ending
        elif ending:
            ending = []
    return Counter(found)


_WORD_OR_BREAK = re.compile(WORD.pattern + r"|[()\[\]\"“”\n]|[.!?;:,]\s")  # past a clause's end no term goes on


def surface_forms(texts: Iterable[str]) -> dict[str, Counter[str]]:
    """How each word is written inside sentences, by its stem: {"bert": {"BERT": 12}, ...}."""
    forms: dict[str, Counter[str]] = {}
    for text in texts:
        end = 0
        for match in WORD.finditer(text):
            form = match[0]
            starts = not text[:match.start()].strip() if end == 0 else _SENTENCE_END.search(text, end, match.start())
            if starts and form[1:].islower():
                form = form.lower()  # a capital that the sentence gave it
            forms.setdefault(stem(form.lower()), Counter())[form] += 1
            end = match.end()
    return forms


_SENTENCE_END = re.compile(r"[.!?:]\s")


class Rarity:
    """How rare each term is: the document frequencies of a collection, or of a sample of it."""

    def __init__(self, documents: int, frequencies: Mapping[str, int]):
        self.documents = documents
        self.frequencies = frequencies

    @classmethod
    def of(cls, texts: Iterable[str]) -> Rarity:
        frequencies: Counter[str] = Counter()
        documents = 0
        for text in texts:
            documents += 1
            frequencies.update(terms(text).keys())
        return cls(documents, {term: count for term, count in frequencies.items() if count > 1})

    def weight(self, term: str) -> float:
        """The inverse document frequency, at least 0; a term never seen counts as seen once."""
        return math.log((self.documents + 1) / (self.frequencies.get(term, 1) + 0.5)) if self.documents else 1.0

    def shared(self, first: Counter[str], second: Counter[str], count: int = 5) -> list[str]:
        """The most distinctive terms two texts have in common, the rarest first; a pair swallows its words."""
        return without_overlap({term: self._worth(term, min(first[term], second[term]))
                                for term in first.keys() & second.keys()}, count)

    def shared_by_each(self, text: str, others: Iterable[Counter[str]], count: int = 5) -> list[list[str]]:
        """The same for one text and the counted terms of several: of the text only those are counted that any has."""
        kept = list(map(_kept, _WORD_OR_BREAK.findall(text)))
        mine = Counter(kept)
        others = list(others)
        there = {word for other in others for word in mine.keys() & other.keys()}
        mine.update(f"{first} {second}" for first, second in zip(kept, kept[1:], strict=False)
                    if first in there and second in there)
        return [self.shared(mine, other, count) for other in others]

    def shared_with_each(self, text: str, others: Iterable[str], count: int = 5) -> list[list[str]]:
        """For each of the others, the most distinctive terms it shares with the text; quicker than one by one."""
        mine = terms(text)
        single = {term for term in mine if " " not in term}
        pairs = {tuple(term.split()) for term in mine if " " in term}
        shared = []
        for other in others:
            found = WORD.findall(other)
            stems = {written: kept for written in set(found) if (kept := _kept(written)) in single}
            both = set(stems.values())
            if pairs and len(both) > 1:
                both |= {f"{stems[first]} {stems[second]}" for first, second in zip(found, found[1:], strict=False)
                         if first in stems and second in stems and (stems[first], stems[second]) in pairs}
            shared.append(without_overlap({term: self._worth(term, 1) for term in both}, count))
        return shared

    def _worth(self, term: str, times: int) -> float:
        return self.weight(term) * (1.3 if " " in term else 1.0) * math.log1p(times)


def without_overlap(weights: Mapping[str, float], count: int) -> list[str]:
    """The heaviest terms, leaving out those that say nothing beyond a term already taken.

    A longer term takes the place of its own words when it weighs nearly as much as they do.
    """
    taken: list[str] = []
    for term in sorted(weights, key=lambda term: (-weights[term], term)):
        parts = set(term.split())
        alike = [other for other in taken if parts <= set(other.split()) or set(other.split()) <= parts]
        if not alike:
            if len(taken) == count:
                break
            taken.append(term)
        elif all(len(other.split()) < len(parts) and weights[term] >= 0.6 * weights[other] for other in alike):
            taken[taken.index(alike[0])] = term
            for other in alike[1:]:
                taken.remove(other)
    return taken
