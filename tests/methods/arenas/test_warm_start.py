"""Equations of the arena of warm starts against independent computation."""

import torch

from methods.arenas.warm_start.mango import squares
from methods.arenas.warm_start.stage.cutting import cut_out
from methods.arenas.warm_start.stage.growing import block_of, cloned, heights, set_
from methods.arenas.warm_start.stage.mapping import by_lot, in_turn
from methods.arenas.warm_start.stage.operators import Operator
from methods.arenas.warm_start.stage.predicting import Predictor, made_of
from methods.kit.stage.compressible_models import shaped


def pair(blocks=2):
    source, target = shaped(32, 2, 1), shaped(64, blocks, 2)
    with torch.no_grad():
        for value in source.parameters():
            value.add_(0.05 * torch.randn(value.shape, generator=torch.Generator().manual_seed(0)))
    return target, source, torch.randint(512, (2, 9), generator=torch.Generator().manual_seed(3))


def test_clones_say_the_same():
    target, source, ids = pair()
    set_(target, cloned(target, source, in_turn(target, source), [0, 1]))
    assert torch.allclose(target(ids), source(ids), atol=1e-4)


def test_operator_begins_as_clones():
    target, source, ids = pair()
    set_(target, Operator(target, source, tied=False).weights())
    assert torch.allclose(target(ids), source(ids), atol=1e-4)


def test_copies_by_lot_keep_old_entries():
    target, source, _ = pair()
    rows = by_lot(target, source, torch.Generator().manual_seed(0))
    assert all(kept[:len(kept) // 2].tolist() == list(range(len(kept) // 2)) for kept in rows.values())
    assert rows["heads"].unflatten(0, (4, 16)).diff(dim=1).eq(1).all()


def test_rows_of_new_units_come_from_the_block_above():
    target, source, _ = pair()
    rows = in_turn(target, source)
    made = cloned(target, source, rows, [0, 1], beside=1)
    same = cloned(target, source, rows, [0, 1])
    name = "blocks.0.feed.rise.weight"
    assert torch.equal(made[name][:128], same[name][:128])
    assert torch.equal(made[name][128:], same["blocks.1.feed.rise.weight"][128:])


def test_a_whole_cut_is_the_source():
    _, source, ids = pair()
    target = shaped(32, 2, 5)
    cut_out(target, source, lambda side, at, many: torch.arange(many, 0, -1.0))
    assert torch.allclose(target(ids), source(ids), atol=1e-5)


def test_squares_hold_every_weight():
    _, source, _ = pair()
    block = block_of(source, 0)
    assert squares(block).shape == (12, 32, 32)
    assert torch.equal(squares(block)[8], block["feed.out.weight"][:, :32])


def test_predicted_weights_fit_every_shape():
    predictor = Predictor("graph")
    for width, blocks in ((16, 1), (48, 3), (64, 2)):
        net = shaped(width, blocks, 0)
        made = made_of(predictor, net)
        assert {name: value.shape for name, value in made.items()} == {
            name: value.shape for name, value in net.named_parameters()}
    assert heights(4, 3) == [0, 1, 2, 0]
