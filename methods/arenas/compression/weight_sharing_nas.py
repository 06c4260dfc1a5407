"""Structural pruning by architecture search: one network is tuned so that its parts work alone; then parts are sought.

    tuning: L = CE(whole) + KL(whole || least) + KL(whole || random part)        (sandwich rule, distilled in place)
    search over heads and hidden units of each block: what no other part beats in both loss and size is kept and
    changed at one block, again and again; the best part that has room is the answer, as it is

A step with its three networks counts as two; parts are judged on windows of the new text that tuning did not use.

Departs from the paper: one random part a step, not two; 30 parts are looked at; a language model is tuned, not a
classifier.

>>> pareto([(1.0, 5.0), (2.0, 3.0), (3.0, 4.0)])             # the third loses to the second
[0, 1]
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.elastic import Choice, bits_of, cut, drawn, part_logits, whole
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def pareto(points: list[tuple[float, float]]) -> list[int]:
    """Which points no other beats or equals in both, where lower is better."""
    return [i for i, p in enumerate(points)
            if not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points)]


class WeightSharingNas(CompressionMethod):
    card = Card(
        title="Structural pruning by architecture search",
        papers=(Paper("Structural Pruning of Pre-trained Language Models via Neural Architecture Search", 2024,
                      arxiv="2405.02267"),),
        fidelity="core",
        claims=(Beats("structured-magnitude", on="bits_per_byte"), Beats("random-search", on="bits_per_byte")),
    )

    looks: int = param(30, "parts that are judged", low=4, high=200)

    def compress(self, net, task):
        largest, least = whole(net), [(1, units // 8) for _, units in whole(net)]

        def loss(batch: Tensor) -> Tensor:
            windows = batch.long()
            logits = net(windows[:, :-1])
            value, taught = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()), logits.detach()
            for choice in (least, drawn(net, task.generator)):
                said = part_logits(net, windows[:, :-1], choice)
                value = value + F.kl_div(said.log_softmax(-1), taught.log_softmax(-1), reduction="none",
                                         log_target=True).sum(-1).mean()
            return value

        task.train(net, task.steps // 2, loss)
        task.step = task.steps
        windows = (task.new[-24:] if task.steps else task.known[:24]).long()
        tried: list[Choice] = [least]
        points = [self.judged(net, windows, least)]
        for look in range(1, self.looks):
            if look < self.looks // 3:
                choice = drawn(net, task.generator)
            else:
                front = pareto(points)
                choice = self.changed(tried[front[int(self.lot(task) * len(front))]], largest, task)
            tried.append(choice)
            points.append(self.judged(net, windows, choice))
        able = [i for i, point in enumerate(points) if point[1] <= task.budget]
        return cut(net, tried[min(able, key=lambda i: points[i][0])])

    @staticmethod
    def lot(task) -> float:
        return torch.rand((), generator=task.generator, device=task.generator.device).item()

    def changed(self, choice: Choice, largest: Choice, task) -> Choice:
        """One block of it gets other heads and units, or goes."""
        at = int(self.lot(task) * len(choice))
        heads, units = largest[at]
        new = (0, 0) if self.lot(task) < 0.1 else (1 + int(self.lot(task) * heads),
                                                   units * (1 + int(self.lot(task) * 8)) // 8)
        return [*choice[:at], new, *choice[at + 1:]]

    @staticmethod
    @torch.no_grad()
    def judged(net, windows: Tensor, choice: Choice) -> tuple[float, float]:
        logits = part_logits(net, windows[:, :-1], choice)
        return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten()).item(), bits_of(net, choice)
