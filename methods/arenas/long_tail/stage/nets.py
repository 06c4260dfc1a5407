"""The network everybody in the long-tail arena trains."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """Two strided convolutions and a layer of `features` units; a method may replace `classifier`."""

    def __init__(self, side: int, width: int, features: int, classes: int):
        super().__init__()
        out = (side + 3) // 4
        self.backbone = nn.Sequential(
            nn.Conv2d(1, width, 5, 2, 2), nn.ReLU(), nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(2 * width * out * out, features), nn.ReLU())
        self.classifier: nn.Module = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.backbone(x))
