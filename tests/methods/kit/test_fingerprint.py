from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from methods.kit.engine.fingerprint import fingerprint
from methods.kit.stage.data import Texts


@dataclass
class Holder:
    x: torch.Tensor
    more: object = None


def make():
    torch.manual_seed(0)
    return Holder(torch.arange(6.0).reshape(2, 3), {
        "array": np.arange(4), "pair": (torch.zeros(2, dtype=torch.bfloat16), [1.0, None, "text"]),
        "net": nn.Linear(2, 2), "rows": Texts(**{"blob": np.frombuffer(b"ab", np.uint8), "ends": np.array([1, 2])}),
        "draws": torch.Generator().manual_seed(1),
        "names": np.array(["a", None], dtype=object), "empty": torch.zeros(0)})


def test_equal_content_has_equal_fingerprints():
    assert fingerprint(make()) == fingerprint(make())


def weight(data):
    with torch.no_grad():
        data.more["net"].weight[0, 0] += 1


@pytest.mark.parametrize("change", [
    lambda data: data.x.add_(1e-7),
    lambda data: setattr(data, "x", data.x.reshape(3, 2)),
    lambda data: setattr(data, "x", data.x.double()),
    lambda data: data.x.requires_grad_(),
    lambda data: data.more["array"].put(0, 9),
    lambda data: data.more["pair"][0].fill_(1),
    lambda data: data.more["pair"][1].append(2),
    weight,
    lambda data: data.more["net"].eval(),
    lambda data: setattr(data.more["rows"], "ends", np.array([2, 2])),
    lambda data: torch.rand(1, generator=data.more["draws"]),
    lambda data: data.more["names"].put(1, "b"),
    lambda data: data.more.update(extra=1),
    lambda data: data.more.pop("empty"),
])
def test_any_change_shows(change):
    data = make()
    before = fingerprint(data)
    change(data)
    assert fingerprint(data) != before


def test_data_that_holds_itself_ends():
    data = Holder(torch.zeros(1))
    data.more = [data]
    assert fingerprint(data) == fingerprint(data)
