"""Numbers that methods need to know: the mask's, and the first word's."""

MASK, RESERVED = 0, 4
