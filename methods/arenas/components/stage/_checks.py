"""The arena of components' own contracts: what must hold of the network a method builds, before any training.

A method that mixes the samples of a batch on purpose waives `every-image-is-answered-alone` on its card.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from methods.arenas.components.stage._data import SYMBOLS
from methods.kit import nets
from methods.kit.engine.rehearsal import Rehearsal, global_state, restore
from methods.kit.engine.requirements import require

if TYPE_CHECKING:
    from methods.arenas.components.arena import ComponentsMethod

SETS = torch.tensor([[[1, 5, 0.5], [1, 9, 2.0], [1, 63, 1.0]],
                     [[1, 7, 1.5], [0, 0, 0], [0, 0, 0]]])     # three points, and one point filled up


def trains_to_the_end(rehearsal: Rehearsal, cls: type[ComponentsMethod]) -> None:
    """No setting's few smoke steps diverge."""
    for setting in rehearsal.stage.settings:
        if f"setting:{setting.name}" not in cls.card.waivers:
            outcome = rehearsal.outcome(cls, setting.name)
            last = outcome.curve[-1]["step"] if outcome.curve else 0
            require(outcome.counts["gradients"] == last,
                    f"in setting {setting.name} the loss is no longer finite after {last:g} steps")


def every_set_is_answered_alone(rehearsal: Rehearsal, cls: type[ComponentsMethod]) -> None:
    """Not the order of a set's points, nor the batch it is in, nor what fills it up changes its answer."""
    with _alone():
        net = set_net(cls()).eval()
        together = net(SETS)
        require(_close(net(SETS[:, [2, 0, 1]])[:1], together[:1]), "a set's answer depends on the order of its points")
        require(_close(net(SETS[[1, 1], :1])[:1], together[1:]),
                "a set's answer depends on the other sets of the batch, or on what it is filled up with")


def later_characters_are_not_seen(rehearsal: Rehearsal, cls: type[ComponentsMethod]) -> None:
    """A prediction of the next character is the same whatever comes after."""
    with _alone():
        net = text_net(cls()).eval()
        x = torch.randint(SYMBOLS, (3, 6))
        changed = x.clone()
        changed[:, 4:] = (changed[:, 4:] + 1) % SYMBOLS
        before, after = (net(text).view(3, 6, -1)[:, :4] for text in (x, changed))
        require(_close(before, after), "a prediction changes with characters that come after it")


def every_image_is_answered_alone(rehearsal: Rehearsal, cls: type[ComponentsMethod]) -> None:
    """In training too, an image's answer does not depend on the rest of its batch."""
    with _alone():
        net = image_net(cls())
        x = torch.randn(5, 1, 8, 8)
        require(_close(net(x)[:2], net(x[:2])), "an image's answer depends on the other images of the batch; a method "
                                                "that is meant to do so waives this")


def image_net(method: ComponentsMethod, channels: int = 6, layers: int = 4) -> nets.ResidualNetwork:
    """The small convolutional network of a method, drawn from the global generator, prepared."""
    torch.manual_seed(0)
    net = nets.convolutional_network(10, channels, layers, method.norm, method.connect)
    method.prepare(net)
    return net


def text_net(method: ComponentsMethod, channels: int = 8, layers: int = 2, context: int = 6) -> nets.ResidualNetwork:
    torch.manual_seed(0)
    net = nets.transformer(SYMBOLS, channels, layers, 2, context, method.norm, method.connect)
    method.prepare(net)
    return net


def set_net(method: ComponentsMethod, channels: int = 8, layers: int = 2, piece: int = 0) -> nets.SetNetwork:
    torch.manual_seed(0)
    net = nets.set_transformer(64, 10, channels, layers, 2, method.norm, method.connect, piece)
    method.prepare(net)
    return net


@contextmanager
def _alone() -> Iterator[None]:
    """One torch thread, and everything global afterwards as it was."""
    before = global_state()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        restore(before)


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-4, atol=1e-4)
