"""BabyLM: a small corpus is read again and again, twenty times.

    steps = passes * windows / batch,   L = - mean over t of log p(x_t | x_<t)

In the small corpus the others read ten times; elsewhere this is twice their steps.

Departs from the paper: of its three models the one that reads to the left; 30 kB of prose for ten million words of what
children hear.

>>> Babylm(passes=20).steps(160)
320
"""

from methods.arenas.causal_pretraining.arena import CausalPretrainingMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Babylm(CausalPretrainingMethod):
    card = Card(
        title="BabyLM",
        papers=(Paper("Pre-training LLMs using human-like development data corpus", 2023, arxiv="2311.04666"),),
        fidelity="core",
        claims=(Beats("single-pass", on="minimal_pairs", setting="small-corpus", by=2.0),
                Beats("single-pass", on="bits_per_byte", setting="small-corpus", by=0.05),
                Beats("plain-text", on="minimal_pairs", setting="small-corpus")),
        reduces_to=("single-pass", {"passes": 1}),
    )

    passes: int = param(20, "how often the small corpus is read", low=1, high=40)

    def steps(self, whole):
        return whole * self.passes // 10
