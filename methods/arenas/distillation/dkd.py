"""DKD: what a teacher says of the right class and what it says among the others, weighed apart.

KD's divergence is that of the pair (right class, all others) plus that among the others, weighed by how little the
teacher believes in the right class; so a sure teacher says next to nothing of the others. Here both have weights of
their own.

    L = KL(p_T || p_S) + tau^2 [alpha KL(b_T || b_S) + beta KL(q_T || q_S)]
    b = (p_y, 1 - p_y),   q = the probabilities of the others among themselves,   at temperature tau

Departs from the paper: the right class is the teacher's first choice, and the labels' cross-entropy that with the
teacher's probabilities, as most pictures have no label; warm-up over the first tenth of the steps, as the rate's.

>>> import torch
>>> z, taught = torch.zeros(1, 3), torch.tensor([[0.6931472, 0.0, 0.0]])
>>> [round(float(part), 4) for part in parts(z, taught, torch.tensor([0]), 1.0)]      # KL(1/2 1/2 || 1/3 2/3), none
[0.0589, 0.0]
"""

import torch
import torch.nn.functional as F

from methods.arenas.distillation.arena import DistillationMethod
from methods.arenas.distillation.stage.task import soft
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def parts(logits, taught, y, tau):
    """Both divergences times tau^2, means over the batch: of (right, others), and among the others."""
    right = F.one_hot(y, logits.shape[1]).bool()
    pairs, among = [], []
    for each in (logits / tau, taught / tau):
        whole = each.logsumexp(1)
        pairs.append(torch.stack([each[right], each.masked_fill(right, -torch.inf).logsumexp(1)], 1) - whole[:, None])
        among.append(each[~right].view(len(each), -1).log_softmax(1))
    return [tau ** 2 * F.kl_div(said, told, reduction="batchmean", log_target=True) for said, told in (pairs, among)]


class Dkd(DistillationMethod):
    card = Card(
        title="DKD",
        papers=(Paper("Decoupled Knowledge Distillation", 2022, arxiv="2203.08679"),),
        fidelity="core",
        claims=(Beats("kd", on="accuracy"),),
    )

    alpha: float = param(1.0, "weight of (right, others)", low=0.0, high=10.0)
    beta: float = param(8.0, "weight among the others", low=0.0, high=10.0)
    tau: float = param(4.0, "temperature of teacher and student", low=0.5, high=10.0)

    def loss(self, student, batch, task):
        logits, taught = student(batch.x).logits, batch.taught[0].logits
        pair, among = parts(logits, taught, taught.argmax(1), self.tau)
        return soft(logits, taught).mean() + min(1, 10 * task.progress) * (self.alpha * pair + self.beta * among)
