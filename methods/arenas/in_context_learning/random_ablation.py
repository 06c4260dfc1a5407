"""Random ablation: as many pairs as in parallel ablation, taken anywhere, get any class before training.

    of a quarter of all pairs, drawn, classes are lost

The paper's control: it harms learning from the context far less than losing parallel structures.

Departs from the paper: the text is invented sequences, not language, as in parallel ablation.

>>> RandomAblation().values()
{'share': 0.25}
"""

from methods.arenas.in_context_learning.stage.corpus import Corpus
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class RandomAblation(Corpus):
    card = Card(
        title="Random ablation",
        papers=(Paper("Parallel Structures in Pre-training Data Yield In-Context Learning", 2024, arxiv="2402.12530",
                      covers="the control: as much is spoilt anywhere"),),
        fidelity="proxy",
        claims=(Beats("parallel-ablation", on="accuracy", by=3.0),),
        reduces_to=("clean-corpus", {"share": 0.0}),
    )

    share: float = param(0.25, "share of the pairs that are spoilt", low=0.0, high=0.9)

    def spoilt(self, x, y, lots):
        return lots < self.share
