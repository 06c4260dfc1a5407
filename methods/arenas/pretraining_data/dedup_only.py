"""Without copies: of passages that are near copies one is left, then chance decides.

    S = random rows of those that share no band of four MinHashes (of sixteen, runs of five pieces) with an earlier one

Departs from the paper: its first step alone; sixteen hashes for its many.

>>> 16 // 4
4
"""

from methods.arenas.pretraining_data.arena import PretrainingDataMethod
from methods.arenas.pretraining_data.stage.copies import first_of_copies
from methods.kit.method import Beats, Card, Paper


class DedupOnly(PretrainingDataMethod):
    card = Card(
        title="Without copies",
        papers=(Paper("Data, Data Everywhere: A Guide for Pretraining Dataset Construction", 2024, arxiv="2407.06380",
                      covers="the first step: near copies"),),
        fidelity="core",
        claims=(Beats("random", on="bits_per_byte", by=0.02),),
    )

    def choose(self, task):
        return task.random(task.now, first_of_copies(task.pool))
