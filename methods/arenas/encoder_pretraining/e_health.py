"""eHealth: detection of replaced words, choice of the right one among several, and likeness of two corruptions.

    L = L_MLM(G) + 50 RTD + 20 MTS + CSP
    MTS = - mean over chosen t of log softmax over {x_t, 4 samples of G} of (m(h_t) . e),   CSP = InfoNCE of mean states

Two corruptions of one window are alike, those of other windows of the batch are not. A step costs 2.2 plain ones.

Departs from the paper: it goes on from an encoder that has read, in general English; choices are made at corrupted
places alone, mean states stand for a first symbol's. Detection hardly learns.

>>> import torch
>>> round(float(contrast(torch.eye(2), torch.eye(2), 1.0)), 4)         # log(1 + 1/e)
0.3133
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.encoder_pretraining.stage.replaced import Replaced, contrast
from methods.kit.method import Card, Paper
from methods.kit.params import param


class EHealth(Replaced):
    card = Card(
        title="eHealth",
        papers=(Paper("Building Chinese Biomedical Language Models via Multi-Level Text Discrimination", 2021,
                      arxiv="2110.07244"),),
        fidelity="core",
        needs_scale=("Better than ELECTRA on questions about words and about whole texts.",),
    )
    cost = 2.2

    tau: float = param(0.07, "temperature of likeness", low=0.02, high=1.0)

    def prepare(self, task):
        net = super().prepare(task)
        task.add("choose", nn.Linear(net.width, net.width))
        return net

    def loss(self, net, task):
        ids = task.draw()
        one, two = self.corrupt(net, task, ids), self.corrupt(net, task, ids)
        state, other = net(one.ids), net(two.ids)
        samples = torch.multinomial(one.odds.cpu(), 4, True, generator=task.generator).to(ids.device)
        truth = ids[one.chosen][:, None]
        asked = net.embed(torch.cat([truth, samples], 1)) @ task.parts["choose"](state[one.chosen])[..., None]
        same = torch.cat([torch.zeros_like(truth, dtype=torch.bool), samples == truth], 1)
        picked = F.cross_entropy(asked[..., 0].masked_fill(same, -1e9), torch.zeros_like(truth[:, 0]))
        return (one.loss + 50 * self.detection(net, task, state, one.changed) + 20 * picked
                + contrast(state.mean(1), other.mean(1), self.tau))
