"""RoBERTa: hidden words drawn anew at each visit, and no question about pairs.

    L = - mean over chosen t of log p(x_t | x~),   15 %, 80/10/10, whole windows of running text, beta_2 = 0.98

Departs from the paper: it goes on from an encoder that has read, at the arena's batch and length; the larger batches,
the more text and the longer training of the paper are left out. The loss is that of `masked-language-model`.

>>> Roberta().share
0.15
"""

from methods.arenas.encoder_pretraining.arena import EncoderPretrainingMethod
from methods.arenas.encoder_pretraining.stage.task import guessed
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class Roberta(EncoderPretrainingMethod):
    card = Card(
        title="RoBERTa",
        papers=(Paper("RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019, arxiv="1907.11692"),),
        fidelity="core",
        claims=(Beats("bert", on="cloze_bits", by=0.01), Beats("bert", on="probe_bits", by=0.01)),
        reduces_to=("masked-language-model", {}),
        needs_scale=("Larger batches, more text and longer training each raise the scores.",),
    )

    share: float = param(0.15, "words that are chosen", low=0.05, high=0.6)

    def loss(self, net, task):
        ids = task.draw()
        chosen = task.choose(ids, self.share)
        return guessed(net, net(task.damaged(ids, chosen)), ids, chosen)
