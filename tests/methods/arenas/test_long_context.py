"""The arenas of long context and of prompt batching: their parts against independent computation."""

import pytest
import torch

from methods.arenas.long_context.lm_infinite import LmInfinite
from methods.arenas.long_context.stage.hashed import across, bucket, gray, halved
from methods.arenas.long_context.stage.mixing import Mix
from methods.arenas.long_context.stage.reading import Scene, causal, places, turned
from methods.arenas.prompt_batching.prepacking import Prepacking
from methods.arenas.prompt_batching.stage.packing import first_fit_decreasing
from methods.arenas.prompt_batching.stage.reading import Reader
from methods.kit.lm_nets import Body


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def scene(trained=8):
    return Scene(trained, 10_000.0, torch.Generator().manual_seed(0))


def test_lm_infinite_term_by_term():
    q, k, v = torch.randn(3, 1, 1, 20, 4)
    found = LmInfinite(first=2).attend(q, k, v, scene())
    for t in (5, 19):
        keys = [s for s in range(t + 1) if t - s < 8 or s < 2]
        score = torch.stack([turned(q[0, 0, t][None], torch.tensor([float(min(t - s, 8))]))[0] @ k[0, 0, s]
                             for s in keys]) / 2
        assert torch.allclose(found[0, 0, t], score.softmax(0) @ v[0, 0, keys], atol=1e-5)


def test_hyper_attention_is_exact_where_all_keys_are_in_one_block():
    q, k, v = torch.randn(3, 1, 2, 16, 4)
    mean, weight = across(q, k, v, 16, 4, scene())
    score = q @ k.transpose(-1, -2)
    assert torch.allclose(mean, score.softmax(-1) @ v, atol=1e-4)
    assert torch.allclose(weight, score.logsumexp(-1, keepdim=True), atol=1e-4)


def test_hyper_attention_by_halves_is_causal_attention():
    q, k, v = torch.randn(3, 1, 2, 32, 4)
    told = halved(q / 2, k, v, 16, 16, 4, scene())[0]
    assert torch.allclose(told, causal(q, k, v, scene()), atol=1e-4)


def test_sampled_columns_are_right_on_average():
    q, k, v = torch.randn(3, 1, 1, 16, 4)
    one = scene()
    sums = torch.stack([across(q, k, v, 0, 8, one)[1].exp() for _ in range(3000)]).mean(0)
    assert torch.allclose(sums, (q @ k.transpose(-1, -2)).exp().sum(-1, keepdim=True), rtol=0.15)


def test_codes_next_to_each_other_differ_in_one_bit():
    order = gray(5)
    codes = order.argsort()
    assert all(bin(int(a) ^ int(b)).count("1") == 1 for a, b in zip(codes[:-1], codes[1:], strict=True))
    x, directions = torch.randn(1, 1, 3, 4), torch.randn(4, 5)
    assert torch.equal(bucket(x, directions), bucket(3 * x, directions))


def test_upsampling_keeps_the_shares():
    documents = (tuple(torch.full((1, 2), 1) for _ in range(30)), (torch.full((10, 2), 2),))
    mix = Mix(documents, 4, torch.Generator().manual_seed(0))
    assert mix.shares.tolist() == [0.75, 0.25]
    assert mix.is_long(1).tolist() == [True] and not mix.is_long(0).any()
    assert mix.text(1, torch.ones(1)).tolist() == [2] * 8
    assert places(torch.zeros(1, 3, 2)).tolist() == [0, 1, 2]


def test_prepacking_says_what_each_prompt_says_alone():
    net = Body(50, 32, 1, 2)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.3)
    prompts = [torch.randint(50, (n,)) for n in (20, 3, 11, 6, 9)]
    reader = Reader(net)
    with torch.no_grad():
        alone = torch.stack([net(each[None])[0, -1] for each in prompts])
    assert torch.allclose(torch.stack(Prepacking().read(reader, prompts)), alone, atol=1e-4)
    assert reader.passed == 3 * 20 and reader.calls == 1


def test_first_fit_puts_each_into_the_first_row_with_room():
    assert first_fit_decreasing([20, 3, 11, 6, 9], 20) == [[0], [2, 4], [3, 1]]
