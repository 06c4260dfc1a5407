"""Self-pretraining: the same network first learns to foretell the very inputs it is then to name.

No other data is used: softmax attention learns the next dot of the training pictures, then, with all its weights, their
classes. Compared at as many labelled steps, as the paper compares; the first steps count in time alone.

    first: -log p(x_t | x_<t), mean over dots of the training pictures;  then: -log p(class | x), all weights

Departs from the paper: rows of 100 dots in place of thousands, foretold from left to right, never masked. Where text is
learnt, pretraining would be the task itself, and nothing is done before it.

>>> SelfPretraining.pretrains
True
"""

from methods.arenas.sequence_mixers.arena import SequenceMixersMethod
from methods.arenas.sequence_mixers.stage.nets import Softmax
from methods.kit.method import Beats, Card, Matches, Paper


class SelfPretraining(SequenceMixersMethod):
    card = Card(
        title="Self-pretraining",
        papers=(Paper("Never Train from Scratch: Fair Comparison of Long-Sequence Models Requires Data-Driven Priors",
                      2023, arxiv="2310.02980"),),
        fidelity="faithful",
        claims=(Beats("softmax-attention", on="bits", setting="pixels", by=0.05),
                Matches("diagonal-state-space", on="bits", within=0.05, setting="pixels")),
    )
    pretrains = True

    def mixer(self, site):
        return Softmax(site)
