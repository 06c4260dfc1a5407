"""Text for cells of spreadsheets: what a program would run as a formula is marked as text, and read back without it."""

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones in East Asian programs


def neutralised(text: str) -> str:
    """The text, with ' before what begins as a formula."""
    return f"'{text}" if text.startswith(STARTS) or text.startswith("'") and text[1:].startswith(STARTS) else text


def as_written(text: str) -> str:
    """What `neutralised` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(STARTS) else text
