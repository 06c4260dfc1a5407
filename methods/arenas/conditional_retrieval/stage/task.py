"""What a method of the arena of conditional retrieval is given: pictures and captions in one space, and triples."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH = 64


class Backbone(nn.Module):
    """Pictures (N, D) and sets of words (N, n) as unit vectors of one space."""

    def __init__(self, dots: int, words: int, hidden: int):
        super().__init__()
        self.look = nn.Sequential(nn.Linear(dots, hidden), nn.ReLU(), nn.Linear(hidden, WIDTH))
        self.read = nn.Embedding(words, hidden)
        self.tell = nn.Sequential(nn.ReLU(), nn.Linear(hidden, WIDTH))

    def pictures(self, x: Tensor) -> Tensor:
        return F.normalize(self.look(x), dim=1)

    def words(self, captions: Tensor) -> Tensor:
        return F.normalize(self.tell(self.read(captions).sum(1)), dim=1)


class Task:
    """`image` (N, 64) and `captions` (N, 4) of the training pictures; `text` of words (N, n) in the same space. The
    backbone is trained and fixed."""

    def __init__(self, backbone: Backbone, image: Tensor, captions: Tensor, trial):
        self.image, self.captions, self.options, self._backbone, self._trial = image, captions, trial.options, \
            backbone, trial
        self.device = image.device

    @torch.no_grad()
    def text(self, words: Tensor) -> Tensor:
        return self._backbone.words(words)

    def train(self, net: nn.Module, loss: Callable[[int], Tensor]) -> nn.Module:
        """A network after the arena's steps of AdamW on `loss` of a batch's size."""
        optimizer = torch.optim.AdamW(net.parameters(), self.options.rate)
        for step in range(self.options.steps):
            value = loss(self.options.batch)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            if step % max(1, self.options.steps // 20) == 0 or step == self.options.steps - 1:
                self._trial.record(step + 1, self.options.steps, loss=value.item())
        return net.eval()


def info_nce(a: Tensor, b: Tensor, scale: float) -> Tensor:
    """Mean over rows of unit vectors a, b (N, D): how unlikely each a finds its own b among all, at cosines x scale."""
    return F.cross_entropy(scale * a @ b.T, torch.arange(len(a), device=a.device))
