"""Models to start from, questions with and without answers, and judged pairs of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.arenas.self_improvement.stage import _programs
from methods.arenas.self_improvement.stage.sampling import drawn_answers
from methods.arenas.self_improvement.stage.task import Preferences, Questions, Task
from methods.kit.lm_nets import Body
from methods.kit.stage.arena import Trial
from methods.kit.stage.digit_starts import WORLDS, start
from methods.kit.stage.digit_tasks import DIGITS, LENGTH, questions

FLIPPED = 0.3           # of what is said about pairs


@dataclass(frozen=True)
class ImprovementData:
    start: Body
    others: Sequence[Body]
    labelled: Questions
    unlabelled: Tensor
    preferences: Preferences
    test: Questions


def improvement_data(trial: Trial) -> ImprovementData:
    o, world, made = trial.options, trial.seed % WORLDS, _programs.questions if trial.options.programs else questions
    parts = {name: made(many, trial.generator(name)) for name, many in
             (("labelled", o.labelled), ("unlabelled", o.unlabelled), ("test", o.tests), ("judged", o.judged))}
    if o.programs:
        net, others = _programs.start(0, o.small, trial.progress), []
    else:
        net = start(world, o.small, trial.progress)
        others = [start((world + i) % WORLDS, o.small, trial.progress) for i in range(1, WORLDS)]
    where = trial.device
    on = {name: Questions(asked.to(where), answers.to(where)) for name, (asked, answers) in parts.items()}
    for each in (net, *others):
        each.to(where).eval().requires_grad_(False)
    length, allowed = answers_of(o.programs)
    four, _ = drawn_answers(net, on["judged"].asked.repeat_interleave(4, 0), length, allowed,
                            trial.generator("judged answers"))
    four = four.view(o.judged, 4, length)
    place = (four == on["judged"].answers[:, None]).sum(2)
    pairs = four.gather(1, torch.stack([place.argmax(1), place.argmin(1)], 1)[:, :, None].expand(-1, -1, length))
    return ImprovementData(net, others, on["labelled"], on["unlabelled"].asked,
                           judged(on["judged"], pairs, trial.generator("flips")), on["test"])


def answers_of(programs: bool) -> tuple[int, tuple[int, int]]:
    """Length and allowed pieces of answers."""
    return (_programs.STEPS_OF, _programs.ALLOWED) if programs else (LENGTH, (0, DIGITS))


def judged(about: Questions, pairs: Tensor, drawn: torch.Generator) -> Preferences:
    """What is said of pairs (N, 2, A), three in ten times the opposite; the better one has more right digits."""
    place = (pairs == about.answers[:, None]).float()
    half = pairs.shape[2] // 2
    counted = (pairs[..., None] == torch.arange(int(pairs.max()) + 1, device=pairs.device)).sum(2)
    wanted = (about.answers[..., None] == torch.arange(counted.shape[2], device=pairs.device)).sum(1)
    scores = torch.stack([place[..., :half].sum(2), place[..., half:].sum(2),
                          torch.minimum(counted, wanted[:, None]).sum(2).float(), place.sum(2)], 2)
    flips = torch.where(torch.rand(len(pairs), 4, generator=drawn) < FLIPPED, -1.0, 1.0).to(pairs.device)
    signs = (scores[:, 0] - scores[:, 1]).sign() * flips
    first = torch.where(signs[:, 3] == 0, torch.rand(len(pairs), generator=drawn).to(pairs.device) - 0.5,
                        signs[:, 3]) > 0
    better = torch.where(first[:, None], pairs[:, 0], pairs[:, 1])
    worse = torch.where(first[:, None], pairs[:, 1], pairs[:, 0])
    return Preferences(about.asked, better, worse, signs[:, :3] * torch.where(first, 1.0, -1.0)[:, None])


def is_right(programs: bool, about: Questions, rows: Tensor, answers: Tensor) -> Tensor:
    """(N,) whether answers (N, A) to the questions in these rows are right."""
    if programs:
        return _programs.solves(about.asked[rows], answers)
    return (answers == about.answers[rows]).all(1)


def task_of(data: ImprovementData, trial: Trial) -> Task:
    o = trial.options
    length, allowed = answers_of(o.programs)
    return Task(data.start, data.others, data.labelled, data.unlabelled, data.preferences,
                lambda rows, answers: is_right(o.programs, data.labelled, rows, answers),
                lambda asked, said: _programs.run(asked[:, 1:1 + LENGTH], said) if o.programs else written(said),
                length, allowed, o.turns, o.samples, trial)


def written(said: Tensor) -> Tensor:
    """(N, A + 1, A) what stands there before the first piece of answers (N, A) and after each; -1 is nothing.

    >>> written(torch.tensor([[7, 8]])).tolist()
    [[[-1, -1], [7, -1], [7, 8]]]
    """
    return torch.where(torch.ones(said.shape[1] + 1, said.shape[1]).tril(-1).bool().to(said.device), said[:, None], -1)
