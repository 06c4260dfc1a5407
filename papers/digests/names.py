"""People in one string."""

import re


def split_names(text: str) -> list[str]:
    """The people of "A. One; B. Two", "A One and B Two" or "A One, B Two and C Three"; "One, Ada" is one of them.

    >>> split_names("Ada Example, Bo Sample and Cy Placeholder")
    ['Ada Example', 'Bo Sample', 'Cy Placeholder']
    >>> split_names("Example, Ada; Sample, Bo")
    ['Example, Ada', 'Sample, Bo']
    """
    text = " ".join(text.split())
    if ";" in text:
        parts = text.split(";")
    else:
        parts = re.split(r" and |, and ", text)
        if not (len(parts) > 1 and all(part.count(",") == 1 for part in parts)):  # no "One, Ada and Two, Bo"
            cells = [cell for part in parts for cell in part.split(",")]
            if len(cells) != 2 or len(parts) > 1 or all(" " in cell.strip() for cell in cells):
                parts = cells
    return [name for name in (part.strip() for part in parts) if name]
