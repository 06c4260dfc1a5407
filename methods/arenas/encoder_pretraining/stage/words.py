"""Numbers that methods need to know: the mask's, the first word's, how many word classes there are."""

MASK, RESERVED, CLASSES = 0, 4, 12
