"""OSNet-AIN: the omni-scale network, with instance norms where a search finds that they help.

Instance norm takes away what is style, and with it some of what tells kinds apart; where it should stand is learnt.
Half of the steps train a network that mixes all four places of each block by drawn shares, then the likeliest place of
each is built and trained anew.

    shares = softmax((score + g) / T),   g Gumbel noise, T from 10 to 1;   places: none, inside, after, both
    loss = CE(softmax(W z), y) with 0.1 of the label spread over all kinds

Departs from the paper: two blocks (those of osnet) and small drawings; the search is half of everybody's steps, not
beside them; T falls along a line, not by halves; the stem keeps its batch norm, where the paper has an instance norm;
the norm inside comes after a batch norm, not in its place.

>>> import torch
>>> search = Search(1)
>>> search.scores.data = torch.tensor([[0.0, 9.0, 0.0, 0.0]])
>>> search.places()
('inside',)
"""

import torch.nn.functional as F
from torch import nn

from methods.arenas.metric_learning.arena import MetricMethod
from methods.arenas.metric_learning.stage.omni import OmniNet, Search
from methods.arenas.metric_learning.stage.task import rate_factor
from methods.kit.method import Beats, Card, Paper


class OsnetAin(MetricMethod):
    card = Card(
        title="OSNet-AIN",
        papers=(Paper("Learning Generalisable Omni-Scale Representations for Person Re-Identification", 2019,
                      arxiv="1910.06827"),),
        fidelity="core",
        claims=(Beats("osnet", on="r1", setting="new-style", by=1), Beats("single-scale", on="r1")),
    )

    rate: float = rate_factor(1.0)

    def fit(self, task):
        device, search = task.train.x.device, Search(2)
        net, places = None, ("searched", "searched")
        for turn in (0, 1):
            net = OmniNet(task.features, task.wide, (1, 2, 3, 4), places).to(device)
            head = nn.Linear(task.features, task.kinds)
            trained = nn.ModuleList([net, head, search] if turn == 0 else [net, head]).to(device)

            def step(net=net, head=head, searching=turn == 0):
                if searching:
                    shares = search.draw(10 - 9 * task.progress, task.generator)
                    for block, share in zip(net.blocks, shares, strict=True):
                        block.weights = share
                x, y = task.batch()
                return F.cross_entropy(head(net(x)), y, label_smoothing=0.1)

            task.fit(trained, step, rate=self.rate, share=0.5)
            places = search.places()
        return task.settle(net)
