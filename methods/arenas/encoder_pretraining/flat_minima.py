"""Flat minima: go on with masked words at a constant rate after the loss has stopped falling.

    L = - mean over masked t of log p(x_t | x~),   with labels that a share of the time are the model's own samples

Among models of one loss, those trained longer lie in flatter places and serve better; labels drawn from the model make
the noise that drives there. The rival is the same run, stopped at its first checkpoint of that loss.

Departs from the paper: running text in place of grammars whose best loss is known, a probe in place of fine-tuning; the
text is read four times only, and the trace of the Hessian is not measured.

>>> FlatMinima().noise
0.1
"""

from methods.arenas.encoder_pretraining.stage.past import Past
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class FlatMinima(Past):
    card = Card(
        title="Flat minima",
        papers=(Paper("Same Pre-training Loss, Better Downstream: Implicit Bias Matters for Language Models", 2022,
                      arxiv="2210.14199"),),
        fidelity="core",
        claims=(Beats("early-stop", on="probe_bits", by=0.01),),
        needs_scale=("The trace of the loss's Hessian tells which of two models of equal loss serves better.",),
    )

    noise: float = param(0.1, "share of labels that the model draws", low=0.0, high=0.5)
