"""The arena of sequence mixers: its parts against independent computation."""

import math

import pytest
import torch
import torch.nn.functional as F

from methods.arenas.sequence_mixers.linear_attention import Linear
from methods.arenas.sequence_mixers.qk_norm import Cosines
from methods.arenas.sequence_mixers.stage._data import BYTES, repeated
from methods.arenas.sequence_mixers.stage.nets import Site, mixed_linearly, rotary
from methods.arenas.sequence_mixers.stage.spaces import Waves
from methods.arenas.sequence_mixers.stage.transnormer import Forgetting, Glu, slopes, unit

SITE = Site(8, 2, 0, 2, 64, 16)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def test_linear_attention_is_a_running_sum():
    layer, x = Linear(SITE), torch.randn(1, 6, 8)
    q, k, v = (part.unflatten(-1, (2, 4))[0] for part in layer.ask(x).chunk(3, -1))
    q, k = F.elu(q) + 1, F.elu(k) + 1
    rows, state, weight = [], torch.zeros(2, 4, 4), torch.zeros(2, 4)
    for t in range(6):
        state, weight = state + k[t][:, :, None] * v[t][:, None], weight + k[t]
        rows.append((torch.einsum("hd,hde->he", q[t], state) / (q[t] * weight).sum(-1, keepdim=True)).flatten())
    assert torch.allclose(layer(x)[0], layer.out(torch.stack(rows)), atol=1e-5)


def test_forgetting_is_a_decaying_state():
    q, k, v = torch.randn(3, 1, 2, 7, 4)
    decay, state, rows = torch.tensor([0.25, 0.1]), torch.zeros(2, 4, 4), []
    for t in range(7):
        state = (-decay).exp()[:, None, None] * state + k[0, :, t][:, :, None] * v[0, :, t][:, None]
        rows.append(torch.einsum("hd,hde->he", q[0, :, t], state))
    assert torch.allclose(mixed_linearly(q, k, v, decay)[0][0], torch.stack(rows, 1), atol=1e-4)


def test_transnormer():
    layer, x = Forgetting(SITE), torch.randn(1, 5, 8)
    q, k, v = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in layer.ask(x).chunk(3, -1))
    q, k, out = F.silu(q), F.silu(k), torch.zeros(1, 2, 5, 4)
    angle = 10_000.0 ** (-torch.arange(4) * 2 / 4)
    for t in range(5):
        for s in range(t + 1):                     # turned: each coordinate's product times the cosine of the distance
            product = (q[:, :, t] * k[:, :, s] * (angle * (t - s)).cos()).sum(-1)
            out[:, :, t] += (product * (-slopes(2) * (1 + 1e-5) * (t - s)).exp())[:, :, None] * v[:, :, s]
    mixed = out.transpose(1, 2).flatten(2)
    mixed = mixed / (mixed.norm(dim=-1, keepdim=True) / math.sqrt(8))
    assert torch.allclose(layer(x), layer.out(mixed * layer.gate(x)), atol=1e-4)
    assert Forgetting(Site(8, 2, 1, 2, 64, 16)).angle is None
    feed = Glu(SITE)
    assert torch.allclose(feed(x), feed.out(feed.rise(x) * feed.beside(x)))
    assert unit(x).norm(dim=-1).allclose(torch.tensor(math.sqrt(8)))


def test_query_key_normalisation():
    layer, x = Cosines(SITE), torch.randn(1, 5, 8)
    q, k, v = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in layer.ask(x).chunk(3, -1))
    q, k = rotary(q / q.norm(dim=-1, keepdim=True)), rotary(k / k.norm(dim=-1, keepdim=True))
    score = math.log2(64 ** 2 - 64) * q @ k.transpose(-1, -2)
    score = score.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf)
    assert torch.allclose(layer(x), layer.out((score.softmax(-1) @ v).transpose(1, 2).flatten(2)), atol=1e-4)


def test_a_state_space_is_its_recurrence():
    layer, u = Waves(Site(3, 1, 0, 2, 64, 16), structured=True), torch.randn(3, 9)
    a = torch.complex(-layer.damping.exp(), layer.pace)
    step = torch.exp(a * layer.step.exp()[:, None])
    state, rows = torch.zeros_like(a), []
    for t in range(9):
        state = step * state + (step - 1) / a * u[:, t, None]
        rows.append(2 * (torch.view_as_complex(layer.weight) * state).sum(-1).real)
    kernel = layer.kernel(9)
    wanted = sum(u[:, s, None] * F.pad(kernel[:, :9 - s], (s, 0)) for s in range(9))
    assert torch.allclose(torch.stack(rows, 1), wanted, atol=1e-4)


def test_text_is_bytes_again():
    assert sorted(BYTES.values()) == list(range(256)) and BYTES["\u0120"] == 32 and BYTES["A"] == 65
    assert repeated(torch.tensor([[1, 2, 3, 4, 5]])).tolist() == [[1, 2, 3, 2, 3]]
