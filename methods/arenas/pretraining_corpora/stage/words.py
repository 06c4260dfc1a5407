"""Numbers that methods need to know: the mask's, and how many units stand for nothing."""

MASK, RESERVED = 1, 8
