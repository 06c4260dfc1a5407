import numpy as np
import pytest
import torch

from methods.kit.stage.seeding import derive, numpy_generator, seeded, torch_generator

CPU = torch.device("cpu")


def test_purposes_and_seeds_give_streams_of_their_own():
    draws = {(seed, purpose): torch.rand(4, generator=torch_generator(seed, purpose)).tolist()
             for seed in (0, 1) for purpose in ("split", "batches")}
    assert len({tuple(draw) for draw in draws.values()}) == 4
    assert draws[0, "split"] == torch.rand(4, generator=torch_generator(0, "split")).tolist()


def test_derived_seeds_are_fixed_for_good():
    # half of the first eight bytes of sha256("0:split"); another value would change every measured score
    assert derive(0, "split") == 0x8191489326876928 >> 1


def test_numpy_streams_repeat():
    assert numpy_generator(3, "x").random() == numpy_generator(3, "x").random() != numpy_generator(4, "x").random()


def test_seeded_restores_the_global_generators_even_after_an_error():
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    with pytest.raises(RuntimeError), seeded(0, CPU):
        torch.rand(10)
        np.random.rand(10)
        raise RuntimeError
    assert (torch.rand(1).item(), np.random.rand()) == expected


def test_seeded_blocks_repeat():
    def draw(seed):
        with seeded(seed, CPU):
            return torch.rand(1).item(), np.random.rand()
    assert draw(1) == draw(1) != draw(2)
