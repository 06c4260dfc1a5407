"""WiSE-FT: go part of the way back from the tuned weights to the pretrained ones.

Tuning gains on the target and loses elsewhere. On the straight line between both sets of weights the losses come back
faster than the gains go, because the two networks err differently and the loss along the line is low.

    w = (1 - alpha) * w_0 + alpha * w_tuned

Follows the paper.

>>> import torch
>>> between({"w": torch.tensor(3.0)}, {"w": torch.tensor(1.0)}, 0.75)["w"].item()
2.5
"""

from methods.arenas.finetuning.arena import FinetuningMethod
from methods.arenas.finetuning.stage.several_runs import between
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


class WiseFt(FinetuningMethod):
    card = Card(
        title="WiSE-FT",
        papers=(Paper("Robust fine-tuning of zero-shot models", 2021, arxiv="2109.01903"),),
        fidelity="faithful",
        claims=(Beats("full-fine-tuning", on="shifted_accuracy"),
                Beats("full-fine-tuning", on="shifted_accuracy", setting="cues")),
        reduces_to=("full-fine-tuning", {"alpha": 1.0}),
    )

    alpha: float = param(0.5, "share of the tuned weights", low=0.0, high=1.0)

    def finish(self, net, task):
        net.load_state_dict(between(net.state_dict(), task.start, self.alpha))
        return net
