"""Model zoo: weaker encoders say which features of the main one not to trust.

For each other encoder of the zoo two shifts between the sources are weighed: whether its features tell domains apart
(diversity), and whether names given its features do (correlation). Where diversity is the larger, a head on the main
encoder is trained to be independent of its features; where correlation is, pictures count more that a head on it gets
wrong. The answer is the mean of these heads and the plain one.

    diversity = accuracy of domains from z - chance,   correlation = accuracy from (z, y) - accuracy from z
    loss_k = CE + weight * HSIC(h(z_main), z_k)   or   mean_i w_i CE_i,   w_i = loss of the biased head / its mean
    HSIC(a, b) = trace(K H L H) / (n - 1)^2,   Gaussian K and L of the median width

Departs from the paper: the zoo is three small encoders instead of 35 large ones, made in the run with half of the steps
each, so that zoos have twice the steps of other methods; discriminators are
least squares, domains of `single-source` cannot be told apart and count as diversity; weight is ours.

>>> import torch
>>> round(hsic(torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]])).item(), 4)  # ((1 - e^-1/2) / 2 * 2)^2 / 1
0.1548
"""

import torch
import torch.nn.functional as F

from methods.arenas.domain_generalization.arena import DomainGeneralizationMethod
from methods.arenas.domain_generalization.stage.zoo import HEADS, Head, Zoo, zoo
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def kernel(a):
    squared = (a[:, None] - a[None]).square().sum(2)
    middle = squared.detach()[~torch.eye(len(a), dtype=torch.bool, device=a.device)].median().clamp(min=1e-6)
    return (-squared / (2 * middle)).exp()


def hsic(a, b):
    """Dependence of two samples (N, D), (N, E)."""
    k, m = kernel(a), kernel(b)
    centred = k - k.mean(0) - k.mean(1, keepdim=True) + k.mean()
    return (centred * m).sum() / (len(a) - 1) ** 2


def told(z, domain, domains):
    """Share of the second half's domains that least squares on the first half's features tells."""
    z = F.pad((z - z.mean(0)) / z.std(0).clamp(min=1e-4), (0, 1), value=1.0)
    order = torch.randperm(len(z), device=z.device)
    first, second = order[:len(z) // 2], order[len(z) // 2:]
    a, b = z[first], F.one_hot(domain[first], domains).to(z.dtype)
    w = torch.linalg.solve(a.T @ a + len(a) * 0.1 * torch.eye(a.shape[1], device=z.device), a.T @ b)
    return ((z[second] @ w).argmax(1) == domain[second]).double().mean().item()


class ModelZooDg(DomainGeneralizationMethod):
    card = Card(
        title="Diverse knowledge of a model zoo",
        papers=(Paper("Explore and Exploit the Diverse Knowledge in Model Zoo for Domain Generalization", 2023,
                      arxiv="2306.02595"),),
        fidelity="core",
        claims=(Beats("best-single-encoder", on="target_loss"), Beats("uniform-ensemble", on="target_loss")),
    )

    weight: float = param(1.0, "weight of the dependence", low=0.0, high=100.0)

    def fit(self, task):
        encoders = zoo(task)
        shifts = self._shifts(encoders, task)
        heads = [Head(task.classes).to(task.trial.device) for _ in encoders]
        biased = [Head(task.classes).to(task.trial.device) for _ in encoders]
        net = Zoo(encoders, heads, [0] * len(heads))

        def backward(batch):
            z = net.features(batch.x)
            loss = F.cross_entropy(heads[0](z[0]), batch.y)
            for at in range(1, len(z)):
                plain = F.cross_entropy(heads[at](z[0]), batch.y, reduction="none")
                if shifts[at] == "diversity":
                    loss = loss + plain.mean() + self.weight * hsic(heads[at].hidden(z[0]), z[at])
                else:
                    wrong = F.cross_entropy(biased[at](z[at]), batch.y, reduction="none")
                    w = wrong.detach() / wrong.detach().mean().clamp(min=1e-6)
                    loss = loss + (w * plain).mean() + wrong.mean()
            loss.backward()
            return loss

        learnt = [p for head in (*heads, *biased) for p in head.parameters()]
        return task.train(net, backward, share=HEADS, parameters=learnt)

    def _shifts(self, encoders, task):
        """Which shift is the larger in each encoder's features of sixteen batches."""
        batches = [task.draw() for _ in range(16)]
        y, domain = torch.cat([batch.y for batch in batches]), torch.cat([batch.domain for batch in batches])
        if task.domains == 1:
            return ["diversity"] * len(encoders)
        found = []
        for net in encoders:
            with torch.no_grad():
                z = torch.cat([net.features(batch.x) for batch in batches])
            alone = told(z, domain, task.domains)
            named = F.one_hot(y, task.classes).to(z.dtype)
            crossed = torch.cat([z, named], 1)
            diversity, correlation = alone - 1 / task.domains, told(crossed, domain, task.domains) - alone
            found.append("diversity" if diversity >= correlation else "correlation")
        return found
