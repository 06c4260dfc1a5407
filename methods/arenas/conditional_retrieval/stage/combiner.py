"""The network that joins a picture and a word, and its training on triples."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Combiner(nn.Module):
    """s(.) text + (1 - s(.)) image + g(.), normalised; s a share and g a vector, both of both projected."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.of_text, self.of_image = nn.Linear(width, hidden), nn.Linear(width, hidden)
        self.join, self.out = nn.Linear(2 * hidden, 2 * hidden), nn.Linear(2 * hidden, width)
        self.share = nn.Sequential(nn.Linear(2 * hidden, 2 * hidden), nn.ReLU(), nn.Linear(2 * hidden, 1), nn.Sigmoid())

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        both = torch.cat([self.of_text(text).relu(), self.of_image(image).relu()], 1)
        share = self.share(both)
        return F.normalize(self.out(self.join(both).relu()) + share * text + (1 - share) * image, dim=1)
