"""ELECTRA: a small generator fills masks with samples, the encoder tells which words are not the original ones.

    L = L_MLM(G) + 50 mean over all t of BCE(w . h_t, x~_t is not x_t),   x~_t ~ p_G(x_t | x masked) at 15 %

A sample equal to the original counts as original. Embeddings are shared, nothing flows through the sampling, and the
generator is dropped. A step costs 1.2 of plain ones, so there are fewer.

Departs from the paper: it goes on from an encoder that has read, by masks; the generator has one block of half the
width. At this size detection hardly learns: its loss stays near that of saying always the share of replaced words.

>>> Electra().lam
50.0
"""

from methods.arenas.encoder_pretraining.stage.replaced import Replaced
from methods.kit.method import Card, Paper
from methods.kit.params import param


class Electra(Replaced):
    card = Card(
        title="ELECTRA",
        papers=(Paper("ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", 2020,
                      arxiv="2003.10555"),),
        fidelity="core",
        needs_scale=("Better than a masked language model at equal size, text and computing, most for small models.",),
    )

    lam: float = param(50.0, "weight of detection", low=1.0, high=100.0)

    def loss(self, net, task):
        made = self.corrupt(net, task, task.draw())
        return made.loss + self.lam * self.detection(net, task, net(made.ids), made.changed)
