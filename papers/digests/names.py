"""People in one string."""

import re

_INITIALS = re.compile(r"\s*(?:[^\W\d_]\.[ -]?){1,4}\s*")


def split_names(text: str) -> list[str]:
    """The people of "A. One; B. Two", "A One and B Two" or "A One, B Two and C Three"; "One, Ada" is one of them.

    >>> split_names("Ada Example, Bo Sample and Cy Placeholder")
    ['Ada Example', 'Bo Sample', 'Cy Placeholder']
    >>> split_names("Example, Ada; Sample, Bo")
    ['Example, Ada', 'Sample, Bo']
    >>> split_names("Example, A. B., Sample, C.-D.")
    ['Example, A. B.', 'Sample, C.-D.']
    """
    text = " ".join(text.split())
    if ";" in text:
        parts = text.split(";")
    else:
        parts = re.split(r" and |, and ", text)
        if not (len(parts) > 1 and all(part.count(",") == 1 for part in parts)):  # no "One, Ada and Two, Bo"
            cells = [cell for part in parts for cell in part.split(",")]
            if len(cells) > 2 and len(cells) % 2 == 0 and all(map(_INITIALS.fullmatch, cells[1::2])):
                return [f"{family.strip()}, {given.strip()}"
                        for family, given in zip(cells[::2], cells[1::2], strict=True)]
            if len(cells) != 2 or len(parts) > 1 or all(" " in cell.strip() for cell in cells):
                parts = cells
    return [name for name in (part.strip() for part in parts) if name]


_JUNIOR = re.compile(r"[JS]r\.?|II|III", re.I)
_SUFFIX = re.compile(r"[JS]r\.?|I{1,3}|IV|VI{0,3}|Ph\.?D\.?|M\.?D\.?|Esq\.?", re.I)  # alone, some are initials
_COMPANY = re.compile(r"(?:Inc|Ltd|LLC|Corp|GmbH|Team|Group)\.?", re.I)


def given_first(name: str) -> str:
    """A name as a reader would write it: "Example, Ada" and "Example, Ada, Jr." with the given name first.

    >>> given_first("van den Example, Ada B."), given_first("Example, Jr., Ada"), given_first("The Example Team,")
    ('Ada B. van den Example', 'Ada Example Jr.', 'The Example Team')
    """
    name = " ".join(name.split()).rstrip(",; ")
    parts = [part.strip() for part in name.split(",")]
    suffix = next(filter((_SUFFIX if len(parts) > 2 else _JUNIOR).fullmatch, parts[1:]), "")
    if suffix:
        parts.remove(suffix)
    if len(parts) > 2 or not all(parts) or _COMPANY.fullmatch(parts[-1]) or len(parts[-1].split()) > 4:
        return name
    return " ".join(filter(None, (*parts[1:], parts[0], suffix)))
