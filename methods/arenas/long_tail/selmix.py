"""SelMix: fine-tune on blends of those two classes whose blend helps the chosen measure most.

After training, a validation set tells which classes are confused. Blending features of class i with features of
class j, labelled i, would move the classifier's weights by a known amount, hence the confusion matrix, hence the
measure: that gives every pair a gain. Pairs are drawn in proportion to exp(gain / T), among those with a positive
gain, and the network is fine-tuned on their blends; the gains are measured afresh every few steps.

    z_ij = b p_i + (1 - b) p_j,   dA_ql = <z_ij, p_q> (1[l = i] - softmax_l(W z_ij))
    G_ij = sum_ql dM/dA_ql * dA_ql,   P_ij ~ exp(G_ij / T) [G_ij > 0]
    mean recall:  dM/dA_ql = 1[q = l] C_qq - K C_qq C_ql,   C = confusion matrix of sum one

p_c is the mean validation feature of class c. For the worst recall the rows are weighted by exp(-50 recall).
Training up to there uses logit adjustment. The authors' code has p_i for z_ij beside 1[l = i].

Departs from the paper: supervised only, gains are in units of the mean squared length of the p_c and measured every
tenth step instead of every fiftieth, and the fine-tuning takes a tenth of the usual rate instead of a hundredth.

>>> import torch
>>> confusion = torch.tensor([[0.4, 0.1], [0.0, 0.5]])      # 0.4 - 2 * 0.16,  -2 * 0.4 * 0.1
>>> [[round(v, 4) for v in row] for row in recall_slope(confusion, torch.ones(2)).tolist()]
[[0.08, -0.08], [0.0, 0.0]]
"""

import torch
import torch.nn.functional as F

from methods.arenas.long_tail.arena import LongTailMethod
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

SHARPNESS = 50.0    # how far the worst class outweighs the others in the objective "worst recall"
REFRESH = 10        # steps between two looks at the validation set


def recall_slope(confusion, weights):
    """(K, K) slope of the weighted mean recall along the logits; confusion (K, K) sums to one, weights average one."""
    classes, hits = len(confusion), confusion.diagonal()
    return weights[:, None] * (torch.diag(hits) - classes * hits[:, None] * confusion)


class Selmix(LongTailMethod):
    card = Card(
        title="SelMix",
        papers=(Paper("Selective Mixup Fine-Tuning for Optimizing Non-Decomposable Objectives", 2024,
                      arxiv="2403.18301"),),
        fidelity="faithful",
        claims=(Beats("logit-adjustment", on="balanced_accuracy"), Beats("mixup", on="balanced_accuracy")),
        reduces_to=("logit-adjustment", {"first": 1.0}),
    )

    objective: str = param("mean recall", "the measure to raise", choices=("mean recall", "worst recall"))
    first: float = param(0.75, "share of the budget before the fine-tuning", low=0.0, high=1.0)
    temperature: float = param(0.1, "low: only the best pair, high: any pair that helps", low=0.01, high=10.0)
    rate: float = param(0.1, "learning rate of the fine-tuning, relative to the arena's", low=0.0, high=1.0)

    def prepare(self, net, task):
        task.begin_stage(net.parameters(), end=self.first)
        self.log_prior = (task.counts / task.counts.sum()).log()
        self.steps = 0

    def loss(self, logits, y):
        return F.cross_entropy(logits + self.log_prior, y)

    def step(self, net, task):
        if task.progress < self.first:
            return super().step(net, task)
        if task.enters(self.first):
            task.begin_stage(net.parameters(), rate=self.rate)
        if self.steps % REFRESH == 0:
            self.pairs = self.worth(net, task).flatten()
        self.steps += 1
        pair = torch.multinomial(self.pairs, task.batch_size, replacement=True)
        left, right = self.member(pair // task.classes, task), self.member(pair % task.classes, task)
        share = torch.empty(len(pair), 1, device=pair.device).uniform_(0.6, 1.0)
        z = share * net.backbone(left.x) + (1 - share) * net.backbone(right.x)
        loss = F.cross_entropy(net.classifier(z), left.y)
        loss.backward()
        return loss

    def member(self, classes, task):
        """One random training picture of each wanted class (B,)."""
        return task.batch(torch.multinomial((classes[:, None] == task.y).float() + 1e-12, 1)[:, 0])

    @torch.no_grad()
    def worth(self, net, task):
        """(K, K) probability of drawing each pair of classes, from the validation set."""
        classes = task.classes
        features = net.backbone(task.val_x)
        truth = F.one_hot(task.val_y, classes).float()
        per_class = truth / truth.sum(0)
        p = per_class.T @ features                                                          # (K, D)
        named = F.one_hot(net.classifier(features).argmax(1), classes).float()
        confusion = per_class.T @ named / classes
        weights = torch.ones_like(task.counts)
        if self.objective == "worst recall":
            weights = (-SHARPNESS * classes * confusion.diagonal()).softmax(0) * classes
        z = 0.8 * p[:, None] + 0.2 * p                                                      # (K, K, D), mean of b
        pull = torch.eye(classes, device=p.device)[:, None] - net.classifier(z).softmax(2)  # (i, j, l)
        reach = z @ p.T / (p ** 2).sum(1).mean()                                            # (i, j, q)
        gain = torch.einsum("ql,ijq,ijl->ij", recall_slope(confusion, weights), reach, pull)
        worth = (gain / self.temperature).flatten().softmax(0).view_as(gain) * (gain > 0) + 1e-8
        return worth / worth.sum()
