"""The arena of suppressed skills: answers by plain Python, and units that are gone."""

import torch

from methods.arenas.suppressed_skills.stage.worlds import FIRST, LARGEST, LAST, SYMBOLS, answer, blank, prompts
from methods.arenas.suppressed_skills.wrapper_pruning import without


def test_answers_are_those_of_the_tasks():
    asked, answers, tasks = prompts(40, (0, 1, 2, 3), torch.Generator().manual_seed(0))
    for row, right, task in zip(asked.tolist(), answers.tolist(), tasks.tolist(), strict=True):
        mark, *symbols = row
        assert mark == SYMBOLS + task
        assert right == {FIRST: symbols[0], LAST: symbols[-1], LARGEST: max(symbols)}.get(
            task, sum(s < 5 for s in symbols))


def test_a_unit_that_is_left_out_changes_nothing_any_more():
    net, (asked, _, _) = blank(0, True), prompts(4, (0,), torch.Generator().manual_seed(0))
    without(net, torch.arange(64))
    with torch.no_grad():
        before = answer(net, asked)
        net.blocks[0].feed.rise.weight.mul_(3)
        assert torch.equal(answer(net, asked), before)
