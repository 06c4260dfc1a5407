"""All drawings as a network sees them that was trained on ImageNet, seven bits measured on them, and their names."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from methods.kit.engine.archives import decoded, reads
from methods.kit.stage import sentence_encoder
from methods.kit.stage.data import QUICKDRAW, quickdraw
from methods.kit.stage.features import frozen_features
from methods.kit.stage.sources import EFFICIENTNET_LITE0, MINILM

KINDS, EACH, SIDE = 345, 100, 64
WIDTH = 96


@reads(QUICKDRAW, EFFICIENTNET_LITE0)
def drawings(on_progress=None) -> tuple[np.ndarray, np.ndarray]:
    """Features (34500, 96) float16 and bits (34500, 7) of all drawings, kind after kind; the same for every seed."""
    found = decoded("zero-shot-drawings", 3, (QUICKDRAW, EFFICIENTNET_LITE0), lambda *_: _made(on_progress),
                    on_progress)
    return found["features"], found["bits"]


@reads(QUICKDRAW, MINILM)
def names(on_progress=None) -> np.ndarray:
    """(345, 384) what a sentence encoder says of the names of the kinds."""
    called = tuple(quickdraw(on_progress)[2])
    return decoded(f"drawing-names-{MINILM.version}", sentence_encoder.DECODED, (QUICKDRAW,),
                   lambda *_: {"vectors": sentence_encoder.class_names(called).numpy()}, on_progress)["vectors"]


def _made(on_progress=None) -> dict[str, np.ndarray]:
    images, labels, _ = quickdraw(on_progress)
    order = np.argsort(labels, kind="stable")
    wide = torch.from_numpy(np.array(frozen_features(images, SIDE, on_progress)))[torch.from_numpy(order)].float()
    return {"features": principal(wide).half().numpy(), "bits": bits_of(np.asarray(images)[order])}


def principal(x: torch.Tensor) -> torch.Tensor:
    """The 96 directions of largest spread, found on every fourth row, each at the same spread; mean squared length one.

    >>> z = principal(torch.randn(800, 100, generator=torch.manual_seed(0)) * torch.arange(1.0, 101.0))
    >>> round(z.square().sum(1).mean().item(), 3), bool(z.var(0).max() < 1.6 * z.var(0).min())
    (1.0, True)
    """
    fitted = x[::4]
    spread = torch.cov(fitted.T.double())
    values, axes = torch.linalg.eigh(spread)
    axes = (axes / values.clamp(min=1e-9).sqrt()).flip(1)[:, :WIDTH].float()
    z = (x - fitted.mean(0)) @ axes
    return z / z.square().sum(1).mean().sqrt()


def bits_of(images: np.ndarray) -> np.ndarray:
    """(N, 7) of drawings (N, H, W), light on dark: much ink, wide, top-heavy, left-heavy, alike left and right, alike
    top and bottom, closed (dark ground in more than one piece). All but the last against the median."""
    x = images.astype(np.float32) / max(1, images.max())
    place = np.linspace(-1, 1, x.shape[1], dtype=np.float32)
    ink = x.sum((1, 2)) + 1e-6
    down, across = x.sum(2) / ink[:, None], x.sum(1) / ink[:, None]
    y, z = down @ place, across @ place
    wide = np.sqrt(across @ place**2 - z**2 + 1e-6) / np.sqrt(down @ place**2 - y**2 + 1e-6)
    mirrored = (x * x[:, :, ::-1]).sum((1, 2)) / (x * x).sum((1, 2)).clip(1e-6)
    upturned = (x * x[:, ::-1]).sum((1, 2)) / (x * x).sum((1, 2)).clip(1e-6)
    closed = np.array([ndimage.label(np.pad(picture, 1) < 0.25)[1] > 1 for picture in x])
    measured = np.stack([ink, wide, -y, -z, mirrored, upturned], 1)
    return np.concatenate([measured > np.median(measured, 0), closed[:, None]], 1)
