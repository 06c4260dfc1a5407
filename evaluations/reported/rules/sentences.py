"""Sentences of an abstract, and a copy of it in which numbers that name or refer, and measure nothing, are blank.

The copy has the same length, so that every position in it is a position in the abstract.
"""

from __future__ import annotations

import re

_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|et al|vs|v\.s|cf|approx|resp|Fig|Tab|Sec|Eq|No|ca|w\.r\.t|abs|rel|"
                           r"Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)|\b[A-Z])\.$")
_END = re.compile(r"[.!?][)\"'”]*(?:\s+|(?=\[?[A-Z][a-z]+\b ))")

_BLANK = tuple(re.compile(pattern, flags) for pattern, flags in (
    (r"https?:\s?//\S+|\b(?:[\w-]+\.)+(?:com|org|io|net|ai|co|edu)(?:/\S*)?", 0),
    (r"\((?:[^()]*?[,\s])?(?:19|20)\d\d[a-z]?(?:;[^()]*)?\)", 0),  # (Name et al., 2019)
    (r"\b[A-Z]\w+ (?:et al\.?|and [A-Z]\w+),? \(?(?:19|20)\d\d[a-z]?\)?", 0),
    (r"\[\d+(?:\s*[,–-]\s*\d+)*\]", 0),  # [3, 4]
    (r"\(\s?\d+\s?%?\s?(?:CIs?|confidence)\b[^()]*\)", 0),  # an interval
    (r"\(\d{1,2}\)(?=\s)|\((?:i{1,3}|iv|v)\)", 0),  # (1) first
    (r"\b\d{1,4}/\d{1,2}/\d{2,4}\b|\b\d{4}-\d\d-\d\d\b", 0),
    (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?(?:, \d{4})?\b", 0),
    (r"\b(?:19|20)\d\ds?\b(?!\s?(?:\\?%|x\b|×|[KMB]\b|\w*\s?(?:images|samples|tokens|hours|classes|sentences)))", 0),
    (r"\b\d+(?:\.\d+)?[- ]?(?:-|\b)(?:shots?|ways?|bits?|layers?|channels?|dimensional|dim|grams?|hops?|heads?|mers?"
     r"|stage|step|level|lingual|stream|person|player|hot|NN|nearest|folds? cross)\b(?!\s?/|\s+per\b)", re.I),
    (r"\b\d+[dD]\b|\b\d+\s?[x×]\s?\d+(?:\s?[x×]\s?\d+)*\b|\b\d+\s?\\?times\s?\d+\b", 0),  # 3D, 224x224
    (r"(?:\\pm|±|\bpm|(?<=\d)pm|\+/-|\+-)\s?\d+(?:\.\d+)?", 0),  # a spread
    (r"(?:\bp|\bn|\bk|\balpha|\bepsilon|\blambda)\s?(?:[=<>]|\\leq?|\\geq?)\s?\d+(?:\.\d+)?", re.I),
    (r"\b(?:Tasks?|Tracks?|Phases?|Steps?|Stages?|Versions?|Levels?|Figures?|Fig\.|Tables?|Sections?|Chapters?|Layers?"
     r"|Types?|Subtasks?|Rounds?|Epochs?|Algorithms?|Experiments?|Theorems?)\s\d+(?:\.\d+)?[a-z]?\b"
     r"(?!\s?\\?%)", re.I),
    (r"\b\d+(?:st|nd|rd)\b|\b(?<!/)\d+th\b", 0),
    (r"\b\d+-(?:year|month|week|day|hour|minute|second)-old\b|\b\d+ years? old\b", 0),
))
_LIST_MARK = re.compile(r"(?:(?<=^)|(?<=[\s:;.,]))\d{1,2}[).](?=\s)")


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, together covering the text but for the white space between them."""
    spans, start = [], 0
    for match in _END.finditer(text):
        before = text[start:match.start() + 1]
        if _ABBREVIATION.search(before) or (match.end() < len(text) and text[match.end()].islower()):
            continue
        if match.group().strip() == "." and re.search(r"\d\.$", before) and text[match.end():match.end() + 1].isdigit():
            continue
        spans.append((start, match.end() - (len(match.group()) - len(match.group().rstrip()))))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text.rstrip())))
    return spans


def without_names(text: str) -> str:
    """The text with addresses, citations, years, list marks, shapes, spreads and such blanked out."""
    for pattern in _BLANK:
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    depth, marks = 0, {match.start(): match.end() for match in _LIST_MARK.finditer(text)}
    out = list(text)
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        if position in marks and depth == 0:
            after = text[position:marks[position]]
            if after.endswith(")"):
                out[position:marks[position]] = " " * len(after)
    return "".join(out)
