import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_images
from torch import nn

from methods.kit.stage.features import FoldedConv, efficientnet_lite0, frozen_features, prepared


@pytest.mark.parametrize(("stride", "kernel", "side"), [(1, 3, 9), (2, 3, 9), (2, 3, 8), (2, 5, 8), (2, 5, 7)])
def test_a_folded_convolution_is_convolution_then_normalisation(stride, kernel, side):
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 4, kernel, bias=False), nn.BatchNorm2d(4, eps=1e-3).eval()
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    weights = {"c.weight": conv.weight.detach(), **{f"n.{name}": value for name, value in norm.state_dict().items()}}
    x = torch.randn(2, 3, side, side)
    folded = FoldedConv(weights, "c", "n", stride, active=False)(x)
    missing = (-(-side // stride) - 1) * stride + kernel - side
    before = missing // 2  # of "same" padding, the odd pixel goes behind
    expected = norm(F.conv2d(F.pad(x, (before, missing - before) * 2), conv.weight, stride=stride))
    assert folded.shape == (2, 4, -(-side // stride), -(-side // stride))
    torch.testing.assert_close(folded, expected, rtol=1e-4, atol=1e-5)


def test_grey_and_coloured_images_are_prepared_alike():
    grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    x = prepared(grey, 16)
    assert x.shape == (1, 3, 16, 16) and x.min() == -127 / 128 and x.max() == 1
    torch.testing.assert_close(x, prepared(np.repeat(grey[..., None], 3, -1), 16))


@pytest.mark.network
def test_the_network_knows_what_it_sees(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    images = np.stack([image[:427, 100:527] for image in load_sample_images().images])
    network = efficientnet_lite0()
    with torch.inference_mode():
        named = network.logits(prepared(images, 224)).argmax(1).tolist()
    assert named == [698, 985]  # ImageNet's palace and daisy
    features = frozen_features(images, side=64)
    assert features.shape == (2, 1280) and features.dtype == np.float16
    with torch.inference_mode():
        np.testing.assert_allclose(features, network(prepared(images, 64)).numpy(), atol=1e-2)
    (folder,) = (tmp_path / "datasets" / "arrays").iterdir()
    frozen_features(images, side=64)
    assert [folder] == list((tmp_path / "datasets" / "arrays").iterdir())
