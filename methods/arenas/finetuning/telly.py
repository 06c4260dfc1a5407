"""Telly-K: freeze the first K layers, whose work tuning hardly changes, and tune the rest.

Probes of pretrained code models show that lower layers hold lexical and syntactic knowledge that tuning leaves as it
is, and that the change of representation gathers in the top layers. So the lower ones need not be trained at all.

Departs from the paper: the layers are convolutions on pictures (in `sentences` two of a transformer, of which one may
be frozen), not a language model of code, and the probing study that leads to the choice of K is not repeated.
"""

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Telly(FinetuningMethod):
    card = Card(
        title="Telly-K (lower layers frozen)",
        papers=(Paper("Towards Efficient Fine-tuning of Pre-trained Code Models: An Experimental Study and Beyond",
                      2023, arxiv="2304.05216"),),
        fidelity="core",
        claims=(Matches("full-fine-tuning", on="target_accuracy", within=1.0, cost="trained parameters"),
                Beats("full-fine-tuning", on="trained"),
                Beats("linear-probe", on="target_accuracy")),
        reduces_to=("full-fine-tuning", {"frozen": 0}),
    )

    frozen: int = param(2, "how many layers from below stay as they are", low=0, high=4)

    def prepare(self, net, task):
        net.layers[:min(self.frozen, len(net.layers) - 1)].requires_grad_(False)
