"""The arena of vision mixers: its parts against independent computation."""

import math

import pytest
import torch
import torch.nn.functional as F

from methods.arenas.vision_mixers.focal_modulation import Modulation
from methods.arenas.vision_mixers.gc_vit import GcVit
from methods.arenas.vision_mixers.stage._data import apart, pairs
from methods.arenas.vision_mixers.stage.nets import (
    Gridded,
    Site,
    Windowed,
    grids,
    ungridded,
    unwindowed,
    windows,
)
from methods.arenas.vision_mixers.stage.spectral import Spectrum
from methods.arenas.vision_mixers.vsa import VariedWindows
from methods.kit.stage.seeding import numpy_generator

SITE = Site(8, 2, 8, 4, 16, 4)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_windows_and_grids_come_back():
    x = torch.randn(2, 8, 8, 3)
    assert torch.equal(unwindowed(windows(x, 4), 4, 8), x)
    assert torch.equal(ungridded(grids(x, 4), 4, 8), x)


def reached(mixer, place):
    """Which places change what comes out at `place`."""
    x = torch.randn(1, 8, 8, 8, requires_grad=True)
    mixer(x)[0, place[0], place[1]].sum().backward()
    return {tuple(at) for at in (x.grad[0].abs().sum(-1) > 0).nonzero().tolist()}


def test_who_sees_whom():
    assert reached(Windowed(SITE), (1, 5)) == {(i, j) for i in range(4) for j in range(4, 8)}
    assert reached(Gridded(SITE), (1, 4)) == {(i, j) for i in range(1, 8, 2) for j in range(0, 8, 2)}
    shifted = Windowed(SITE, 2)
    assert reached(shifted, (3, 3)) == {(i, j) for i in range(2, 6) for j in range(2, 6)}
    assert reached(shifted, (0, 0)) == {(i, j) for i in range(2) for j in range(2)}
    assert reached(shifted, (7, 3)) == {(i, j) for i in (6, 7) for j in range(2, 6)}


def test_windows_that_do_not_move_are_plain():
    varied, plain = VariedWindows(SITE), Windowed(SITE)
    plain.attention.load_state_dict({name: value for name, value in varied.state_dict().items()
                                     if name.split(".")[0] in ("ask", "out", "bias")})
    x = torch.randn(2, 8, 8, 8)
    assert torch.allclose(varied(x), plain(x), atol=1e-5)


def test_a_moved_window_reads_elsewhere():
    varied = VariedWindows(SITE)
    torch.nn.init.constant_(varied.offset.bias, 2 / 7 * varied.many)          # one token to the right and down
    moved = varied.points(torch.zeros(1, 8, 8, 8))
    at = torch.linspace(-1, 1, 8)
    assert torch.allclose(moved[0, 2, 3], torch.stack([at[3], at[2]]) + 2 / 7, atol=1e-6)


def test_focal_modulation():
    mixer, x = Modulation(SITE, 2), torch.randn(2, 8, 8, 8)
    q, z, gates = mixer.enter(x).split((8, 8, 3), -1)
    z, total = z.permute(0, 3, 1, 2), 0
    for level in range(2):
        z = F.gelu(F.conv2d(z, mixer.levels[level][0].weight, padding=level + 1, groups=8))
        total = total + z * gates[..., level][:, None]
    total = total + F.gelu(z.mean((2, 3), keepdim=True)) * gates[..., 2][:, None]
    mixed = F.linear(total.permute(0, 2, 3, 1), mixer.mix.weight[:, :, 0, 0], mixer.mix.bias)
    assert torch.allclose(mixer(x), mixer.out(q * mixed), atol=1e-5)


def test_spectrum_is_a_circular_convolution():
    layer, x = Spectrum(1, 4), torch.randn(1, 4, 4, 1)
    kernel = torch.randn(4, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.view_as_real(torch.fft.rfft2(kernel))[:, :, None])
    wanted = sum(kernel[i, j] * x.roll((i, j), (1, 2)) for i in range(4) for j in range(4))
    assert torch.allclose(layer(x), wanted, atol=1e-5)


def test_global_queries_ask_every_window():
    stack = GcVit().stack(SITE)
    block, x = stack.blocks[1], torch.randn(2, 8, 8, 8)
    queries = stack.queries(x)
    assert queries.shape == (2, 2, 16, 4)
    k, v = block.tell(windows(block.first(x), 4)).chunk(2, -1)
    window = 5                                                                # the second of the second picture
    score = queries[1, 0] @ k[window, :, :4].T / math.sqrt(4) + block.bias()[0]
    head = score.softmax(-1) @ v[window, :, :4]
    found = []
    block.out.register_forward_hook(lambda _, given, __: found.append(given[0]))
    block(x, queries)
    assert torch.allclose(found[0][window, :, :4], head, atol=1e-5)


def test_two_pictures_in_opposite_corners():
    rng = numpy_generator(0, "test")
    x = apart(torch.full((50, 2, 14, 14), 9.0), rng)
    full = x == 9
    assert (full.sum((1, 2)) == 2 * 14 * 14).all()
    labels = torch.tensor([1, 8] * 20).numpy()
    at, same = pairs(torch.arange(40).numpy(), labels, 100, rng)
    assert ((labels[at[:, 0]] == labels[at[:, 1]]) == (same == 1)).all()
