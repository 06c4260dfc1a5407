"""Everybody against one: paired contrasts on common seeds, corrected for how many they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evaluations.arithmetic import statistics
from evaluations.arithmetic.statistics import BySeed, Contrast


def contrasts_to(reference: str, values: Mapping[str, BySeed]) -> dict[str, Contrast]:
    """Each of the others minus `reference`, p Holm-corrected over those that are tested; none without its values.

    Counts are compared exactly and take no part in the correction; who shares no seed with it is left out.
    """
    first = values.get(reference)
    if not first:
        return {}
    found = {}
    for name, of in values.items():
        d = statistics.paired_differences(of, first)
        if name != reference and d:
            found[name] = statistics.paired_contrast(d, exact=statistics.both_repeat(of, first))
    tested = {name: of.p_value for name, of in found.items() if of.p_value}
    for name, p in zip(tested, statistics.holm(list(tested.values())), strict=True):
        found[name] = replace(found[name], p_value=p)
    return found
