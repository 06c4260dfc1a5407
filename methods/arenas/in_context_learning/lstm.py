"""LSTM: a recurrent network in place of attention, trained on the same tasks as GPICL.

    s_t = LSTM(s_{t-1}, (x_t, y_t)); p(y | x, s_t) = softmax(W relu(U (s_t, x)))

Its state is a vector, where attention keeps all pairs. As many parameters or more.

>>> import torch
>>> Recurrent(4, 8)(torch.zeros(2, 3, 4), torch.zeros(2, 3).long(), torch.zeros(2, 5, 4)).shape
torch.Size([2, 5, 5])
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.in_context_learning.stage.projected import Projected
from methods.arenas.in_context_learning.stage.sizes import WAYS
from methods.kit.method import Card


class Recurrent(nn.Module):
    def __init__(self, width_in: int, width: int):
        super().__init__()
        self.cell = nn.LSTM(width_in + WAYS, width, batch_first=True)
        self.mix, self.head = nn.Linear(width + width_in, width), nn.Linear(width, WAYS)

    def forward(self, x, y, queries, each=False):
        state, _ = self.cell(torch.cat([x, F.one_hot(y, WAYS).to(x.dtype)], 2))
        before = F.pad(state, (0, 0, 1, 0))[:, :-1] if each else state[:, -1:].expand(-1, queries.shape[1], -1)
        return self.head(F.relu(self.mix(torch.cat([before, queries], 2))))


class Lstm(Projected):
    card = Card(title="LSTM")

    def prepare(self, task):
        return Recurrent(task.options.width_in, 2 * task.options.width).to(task.device)
