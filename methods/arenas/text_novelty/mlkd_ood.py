"""MLKD: a model from scratch learns from a tuned one what it says, and what its layers hold.

The teacher has read other text and was tuned to the normal kind; the student, of its size, reads normal texts alone.
Each of the student's layers is brought near to those of the teacher's that are nearest already.

    L = CE + lam_1 KL(p_T || p_S) + lam_2 mean over layers l of the k least d(l, m) over m,
    d(l, m) = mean over positions of |h_S,l / ||h_S,l|| - h_T,m / ||h_T,m|| |^2
    s(x) = mean over i of log p_S(x_i | x_<i)

Departs from the paper: models of two blocks, so that there are three layers to choose from with what enters the
first; the nearest layers are chosen for a batch and not for each text, all weigh the same, and the weights of the
three losses, 1, 1 and 1, are ours.

>>> import torch
>>> nearest([torch.tensor([[[3.0, 0.0]]])], [torch.tensor([[[0.0, 2.0]]]), torch.tensor([[[5.0, 0.0]]])], 1).item()
0.0
"""

import torch
import torch.nn.functional as F

from methods.arenas.text_novelty.arena import TextNoveltyMethod
from methods.arenas.text_novelty.stage.task import likelihood
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def nearest(student, teacher, k):
    """How far each of the student's layers (B, T, D) is from the teacher's k nearest, by direction; the mean."""
    student, teacher = ([F.normalize(h, dim=2) for h in layers] for layers in (student, teacher))
    apart = torch.stack([torch.stack([(a - b).square().sum(2).mean() for b in teacher]) for a in student])
    return apart.topk(min(k, len(teacher)), dim=1, largest=False).values.mean()


class MlkdOod(TextNoveltyMethod):
    card = Card(
        title="Multi-level knowledge distillation",
        papers=(Paper("Multi-Level Knowledge Distillation for Out-of-Distribution Detection in Text", 2022,
                      arxiv="2211.11300"),),
        fidelity="core",
        claims=(Beats("scratch-lm", on="auroc"), Beats("fine-tuned-lm", on="auroc"),
                Beats("output-distillation", on="auroc")),
        reduces_to=("output-distillation", {"lam_2": 0.0}),
    )

    lam_1: float = param(1.0, "weight of what the teacher says", low=0.0, high=10.0)
    lam_2: float = param(1.0, "weight of what its layers hold", low=0.0, high=10.0)
    k: int = param(2, "of the teacher's layers that one of the student's learns from", low=1, high=2)

    def fit(self, task):
        teacher, net = task.tuned(), task.fresh()

        def layers(model, ids):
            return [model.enter(ids), *model.states(ids)]

        def loss(windows):
            own = layers(net, windows[:, :-1])
            with torch.no_grad():
                held = layers(teacher, windows[:, :-1])
                right = teacher.logits(held[-1]).flatten(0, 1).log_softmax(1)
            said = net.logits(own[-1]).flatten(0, 1)
            value = F.cross_entropy(said, windows[:, 1:].flatten()) + self.lam_1 * F.kl_div(
                said.log_softmax(1), right, reduction="batchmean", log_target=True)
            return value + self.lam_2 * nearest(own[1:], held, self.k) if self.lam_2 else value

        self.net = task.learn(net, loss=loss)

    def score(self, windows, task):
        return likelihood(self.net, windows)
