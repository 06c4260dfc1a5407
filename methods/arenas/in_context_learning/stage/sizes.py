"""How many classes an episode has."""

WAYS = 5
