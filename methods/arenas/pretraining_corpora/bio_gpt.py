"""BioGPT: a language model that reads to the right, of the domain's own text and units, from random weights.

    L = - mean over t of log p(x_t | x_<t)

Departs from the paper: small, science of all kinds for medicine; its answers as sentences with learnt prompts are left
out, states are asked by linear classifiers as all others' are.

>>> BioGpt.causal
True
"""

from methods.arenas.pretraining_corpora.arena import PretrainingCorporaMethod
from methods.arenas.pretraining_corpora.stage.left import next_unit
from methods.kit.method import Beats, Card, Paper


class BioGpt(PretrainingCorporaMethod):
    card = Card(
        title="BioGPT",
        papers=(Paper("BioGPT: Generative Pre-trained Transformer for Biomedical Text Generation and Mining", 2022,
                      arxiv="2210.10341"),),
        fidelity="core",
        claims=(Beats("general-gpt", on="next_bits", setting="domain", by=0.03),
                Beats("general-gpt", on="probe_bits", setting="domain", by=0.03),),
    )
    causal = True

    def loss(self, net, task):
        return next_unit(net, task.draw()[0])
