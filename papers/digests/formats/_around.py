"""What stands around the title of an entry: authors, venue and year, a description, told by the look of words."""

import re

from papers.digests.dates import written_day
from papers.digests.formats._columns import people

VENUE = re.compile(
    r"\b(?:ICLR|NeurIPS|NIPS|ICML|CVPR|ICCV|ECCV|WACV|BMVC|ACL|EMNLP|NAACL|EACL|COLING|AAAI|IJCAI|KDD|WWW|SIGIR|CIKM|"
    r"WSDM|RecSys|CoRL|ICRA|IROS|RSS|RA-?L|TPAMI|PAMI|TMLR|JMLR|TACL|UAI|AISTATS|COLT|COLM|MICCAI|INTERSPEECH|ICASSP|"
    r"SIGGRAPH|TOG|MM|arXiv|preprint|Nature|Science|PNAS|Journal|Proceedings|Conference|Workshop|Transactions|Trans\.|"
    r"Symposium|Review|Letters|tech(?:nical)? report|thesis|IEEE|ACM)\b")
YEAR = re.compile(r"(?<![\d.])((?:19|20)\d\d)(?!\d)|(?<=\w)['’](\d\d)(?!\d)")
_NAMED = re.compile(VENUE.pattern.replace("|arXiv|preprint", "").replace(r"|tech(?:nical)? report|thesis", ""))
_NAME_PART = (r"(?:van|von|de|der|den|di|da|del|la|le|bin|al|el|ten|dos|du|[A-Z][\w'’.-]*|"
              r"[^\W\d_a-zA-Z][\w'’.-]*)")
NAME = re.compile(rf"{_NAME_PART}(?:\s+{_NAME_PART}){{0,4}}\*?")
_ALONE = re.compile(rf"{_NAME_PART}(?:\s+{_NAME_PART}){{1,3}}")
_NO_NAME = re.compile(r"\b(?:paper|oral|spotlight|poster|award|best|accepted|published|appear|in|the|code|project|"
                      r"official|presented|submitted|highlight|talk|demo|short|long|main|track|findings)\b", re.I)
_FURNITURE = re.compile(r"(?:main |primary )?(?:categor(?:y|ies)|subjects?|keywords?)\s*[:：].{0,80}|"
                        r"(?:abstract|tl;?dr|summary|details|摘要)[:：]?", re.I)
_LABEL = re.compile(r"^(?:abstract|tl;?dr|summary|摘要)\s*[:：]\s*", re.I)
_BY = re.compile(r"\s*(?:by|authors?|author\(s\)|作者)\s*[:：]?\s+", re.I)
_ENOUGH = 20  # characters that make a description


def around(lead: str, rest: list[tuple[str, bool]]) -> dict:
    """Authors, day, year and description out of the words before the title and those after it, italic or not."""
    authors: list[str] = []
    year, day, comments, description = None, None, [], []
    lines: list[tuple[str, bool]] = [(part, False) for part in re.split(r"[()\[\]{}【】|]", lead)]
    line: list[str] = []
    for text, italic in [*rest, ("\n", False)]:
        if text == "\n" or italic:
            lines.append(("".join(line), False))
            line = []
            if italic:
                lines.append((text, True))
        else:
            line.append(text)
    for text, italic in lines:
        text = re.sub(r"[\[(]\s*[,|/&\s]*[\])]", " ", text)
        parts = re.split(r"(\s[-–—|]\s|[|•·])", text)
        for place in range(0, len(parts), 2):
            part = _trimmed(parts[place])
            if not any(map(str.isalpha, part)) and not YEAR.search(part) or _FURNITURE.fullmatch(part):
                continue  # a number before the title, signs between links, the name of what follows
            names, meta, more = _person_and_venue(part, italic) if not authors else ([], part, "")
            authors = authors or names
            if names or len(meta) <= 80 and (VENUE.search(meta) or YEAR.search(meta) or written_day(meta)):
                year, day = _when(meta, year, day)
                comments += [meta] if meta else []
                description += [more] if more else []
            else:  # from here on the line is one text, dashes and all
                description.append(_LABEL.sub("", _trimmed("".join(parts[place:]))))
                break
    said = " ".join(description)
    if len(said) < _ENOUGH:
        comments, said = [*comments, said], ""
    venue = next((meta for meta in comments if len(meta) <= 80 and _NAMED.search(meta)), "")
    return {"authors": authors, "venue": venue, "year": year, "published_on": day, "abstract": said,
            "comment": "; ".join(filter(None, comments))}


def _trimmed(part: str) -> str:
    part = " ".join(part.split()).strip(" ,;:/&[]*|\"“”")
    part = part[1:-1] if part[:1] == "(" and part[-1:] == ")" and part.count("(") == 1 else part
    return re.sub(r"^[.)]\s+|\s*\($", "", part).lstrip(") ")


def _person_and_venue(part: str, italic: bool) -> tuple[list[str], str, str]:
    """The authors that words begin with, a venue behind them, and what follows."""
    if names := names_in(part, italic):
        return names, "", ""
    first, dot, more = part.partition(". ")
    if dot and len(first) > 12 and (names := names_in(first, italic)):
        more = more.strip()
        return (names, more, "") if len(more) < 60 else (names, "", more)
    venue = VENUE.search(part[:200])
    if venue and (alone := _ALONE.fullmatch(part[:venue.start()].rstrip(" ,.;(["))) and not _NO_NAME.search(alone[0]):
        return people(alone[0]), part[venue.start():], ""
    marks = [found for found in (VENUE.search(part[:2000]), YEAR.search(part[:2000])) if found]
    mark = min(marks, key=lambda found: found.start(), default=None)
    if mark and (names := names_in(part[:mark.start()].rstrip(" ,.;(["), False)):  # "Example et al., ICLR 2020"
        more = part[mark.start():]
        return (names, more, "") if len(more) <= 120 else (names, "", more)
    return [], part, ""


def _when(text: str, year, day):
    day = day or written_day(text)
    found = YEAR.search(text[:200])
    return year or (found and (found[1] or f"20{found[2]}")) or None, day


def names_in(text: str, italic: bool) -> list[str]:
    """The people, where the words look like a list of names."""
    by = _BY.match(text)
    text = text[by.end():] if by else text
    if len(text) > 5000 or any(map(str.isdigit, text)) or VENUE.search(text):
        return []
    text = re.sub(r"(?<=[^\W\d_]{3})\.$", "", text.strip()) if not text.endswith("al.") else text
    bare = re.sub(r"[\s,]*\bet\.? ?al\.?\s*$|[\s,]*\band others\s*$", "", text, flags=re.I)
    shortened = bare != text
    parts = [part.strip(" .") for part in re.split(r",\s*(?:and\s+)?|\s+and\s+|\s*&\s*|;\s*", bare) if part.strip(" .")]
    if not parts or not all(len(part) <= 60 and NAME.fullmatch(part) for part in parts):
        return []
    if " " not in parts[0] and len(parts) > 1 and len(parts[1].split()) <= 2 and "," in bare and (
            all(" " in part for part in parts[2:]) if parts[2:] else shortened):  # "Example, Ada, and Bo Sample"
        return [f"{parts[1]} {parts[0]}", *parts[2:]]
    full = sum(" " in part or not part.isascii() for part in parts)
    if shortened or (by and full) or (len(parts) >= 2 and full * 2 >= len(parts)) \
            or (italic and 1 < len(bare.split()) <= 4):
        return people(bare)
    return []
