"""MSP: how sure the classifier is of its answer.

    s(x) = max_c softmax(z(x))_c

Follows the paper. It is the baseline of its field: the paper claims that it is far above chance, both for unknown
inputs and for wrong answers.

>>> import torch
>>> round(torch.tensor([[0.0, 0.0]]).softmax(1).amax(1).item(), 2)
0.5
"""

from methods.arenas.ood_detection.arena import OodDetectionMethod
from methods.kit.method import Beats, Card, Paper


class Msp(OodDetectionMethod):
    card = Card(
        title="Maximum softmax probability",
        papers=(Paper("A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural "
                      "Networks", 2016, arxiv="1610.02136"),),
        fidelity="faithful",
        claims=(Beats("random-score", on="auroc", by=5.0),
                Beats("random-score", on="auroc", setting="misclassified", by=5.0)),
    )

    def score(self, x, task):
        return task.logits(x).softmax(1).amax(1)
