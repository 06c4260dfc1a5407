"""Tasks, each with a dictionary of its own: demonstrations to choose from, and sentences to translate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.in_context.stage._worlds import PAIRS, SIZES, reader, sentences, topics
from methods.arenas.in_context.stage.nets import Reader
from methods.arenas.in_context.stage.task import Asked, Pool
from methods.kit.stage.arena import Trial

STYLES = 3              # in the pool; where styles shift, the questions have another one


@dataclass(frozen=True)
class ContextData:
    pool: Pool
    validation: Asked
    test: Asked
    model: Reader


def context_data(trial: Trial) -> ContextData:
    o, drawn = trial.options, trial.generator("tasks")
    model, words, e = reader(o.small, trial.seed, trial.progress), SIZES[o.small][0], o.tasks // o.fewer
    log_p = topics(o.topics, words, o.skew, drawn)
    dictionary = torch.rand(e, words, generator=drawn).argsort(1)
    of = {name: torch.randint(o.topics, (e, many), generator=drawn)
          for name, many in (("pool", o.pool), ("validation", o.validation), ("test", o.questions * o.fewer))}
    said = {name: sentences(log_p[topic], PAIRS if name == "pool" else o.length, drawn) for name, topic in of.items()}
    means = {name: dictionary.gather(1, text.flatten(1)).view(text.shape) for name, text in said.items()}
    right = torch.rand(e, o.pool, generator=drawn) >= o.wrong
    told = torch.where(right[:, :, None], means["pool"], torch.randint(words, means["pool"].shape, generator=drawn))
    styles = torch.randint(STYLES, (e, o.pool), generator=drawn)
    new = torch.full(of["test"].shape, STYLES), torch.full(of["validation"].shape, STYLES)
    looks = _looks(model.width, o.style, drawn)
    table = model.source.weight.detach()
    device = trial.device
    pool = Pool(said["pool"], told, of["pool"], styles, looks(table, said["pool"], styles), right)
    parts = [Asked(said[name], looks(table, said[name], style), means[name])
             for name, style in (("validation", new[1]), ("test", new[0]))]
    return ContextData(Pool(*(t.to(device) for t in vars(pool).values())),
                       *(Asked(*(t.to(device) for t in vars(part).values())) for part in parts), model.to(device))


def _looks(width: int, strength: float, drawn: torch.Generator):
    """Features of sentences: the mean vector of the words beside a turned copy, the turn being the style's.

    With strength 0 the copy is not there; all is turned once more, so that no coordinate tells which is which.
    """
    turns = torch.stack([torch.linalg.qr(torch.randn(width, width, generator=drawn))[0] for _ in range(STYLES + 1)])
    whole = torch.linalg.qr(torch.randn(2 * width, 2 * width, generator=drawn))[0]

    def features(table: Tensor, text: Tensor, styles: Tensor) -> Tensor:
        mean = F.normalize(table[text].mean(2), dim=2)
        nuisance = torch.einsum("epd,epdf->epf", mean, turns[styles])
        return torch.cat([mean, strength * nuisance], 2) @ whole

    return features
