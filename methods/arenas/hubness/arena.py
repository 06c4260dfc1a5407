"""How should similarities of two kinds of things be rescored so that no hub is everybody's nearest?

What a function of Python's standard library says it does (the first paragraph of its docstring) is to find the body
that does it. Both sides are TF-IDF vectors of words, names taken apart, cut to 200 directions each; a ridge map,
learnt from 1,700 pairs, takes docstrings to bodies, and cosines rank 2,000 bodies for each of 2,000 docstrings. In
such a space a few bodies stand near to everything: they are found too often, and others never. Methods train nothing.
They get the matrix of similarities and two banks of training items, the query bank (docstrings) and the gallery bank
(bodies), as similarities to what is ranked, and give a matrix of scores back. Who needs the other questions of the
test to answer one is marked; no search engine has them.

In `far-bank` the query bank speaks of something else: sentences from film reviews, as a bank that was collected
elsewhere. `small-bank` has 100 docstrings and bodies in place of 1,700.

How steep or how strong a method corrects is a hyperparameter. Its default here is the best of a grid by the mean
reciprocal rank of 1,000 docstrings that do not train among their bodies, in the main setting, on seeds 100 to 102,
which are never scored (`python -m bench.strengths hubness`), for every method alike, and stays so in the other
settings: a strength found on the far bank is so weak that nothing happens. Words, directions and map come from training
pairs alone. Which pairs train and which are asked is drawn for every seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.arenas.hubness.stage._checks import leaves_other_rows_alone
from methods.arenas.hubness.stage._data import HubnessData, hubness_data, ridge_map
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial

NEAREST = 10    # places of a list in which hubs are counted


@dataclass(frozen=True)
class Banks:
    """What a method may know beside the similarities (Q, G) of questions and gallery: similarities of training items.

    `queries` (B, G) are those of the query bank to the gallery, `gallery` (M, G) those of the gallery bank to the
    gallery, `asked` (Q, M) those of the questions to the gallery bank.
    """

    queries: Tensor
    gallery: Tensor
    asked: Tensor


class HubnessMethod(Method):
    """The slot. Ranking by the similarities as they are is what remains when the hook is not filled."""

    def rescore(self, similarity: Tensor, banks: Banks) -> Tensor:
        """Scores (Q, G) from cosines (Q, G); only the order within a row counts."""
        return similarity


def ranks_of(scores: Tensor) -> Tensor:
    """(Q,) place of each row's own column, the highest score first; ties share their places."""
    right = scores.diagonal()[:, None]
    return 1 + (scores > right).sum(1) + ((scores == right).sum(1) - 1) / 2


class Hubness(Arena):
    title = "Search without hubs"
    metrics = (
        Metric("mrr", "Mean reciprocal rank", unit="%", chance=0.41, ceiling=100,
               help="of the right body among 2,000; 100 where it is always first"),
        Metric("r1", "Right at rank 1", unit="%", chance=0.05, ceiling=100, help="share of questions answered rightly"),
        Metric("r10", "Right among 10", unit="%", chance=0.5, ceiling=100,
               help="share of questions with the right body among the first ten"),
        Metric("skewness", "Skewness of finds", "lower", "",
               help="third standardised moment of how many lists of ten a body is in; 0 without hubs"),
        Metric("never_found", "Never found", "lower", "%", ceiling=0, help="bodies that are in nobody's list of ten"),
    )
    settings = (
        Setting("default", "banks of 1,700 training pairs", {"far": False, "bank": 1.0}),
        Setting("far-bank", "the query bank is film reviews", {"far": True, "bank": 1.0}),
        Setting("small-bank", "banks of 100 training pairs", {"far": False, "bank": 1 / 17}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train": 120, "val": 40, "test": 60, "directions": 32,
                                 "asked": "test"}),
        "full": Scale(30, 2048, {"small": False, "train": 1700, "val": 1000, "test": 2000, "directions": 200,
                                 "asked": "test"}),
    }
    slot = HubnessMethod
    baseline = "cosine"
    sources = (datasets.STDLIB, datasets.MOVIE_REVIEWS)
    checks = (leaves_other_rows_alone,)

    def data(self, trial: Trial) -> HubnessData:
        return hubness_data(trial)

    def run(self, method: HubnessMethod, data: HubnessData, trial: Trial) -> dict[str, float]:
        to_bodies = ridge_map(data.docstrings, data.bodies)
        gallery, bank = F.normalize(data.gallery), F.normalize(data.bodies[:data.bank])
        asked, bank_queries = (F.normalize(part @ to_bodies) for part in (data.asked, data.bank_queries))
        similarity = asked @ gallery.T
        trial.record(0, 1, mrr=100 * (1 / ranks_of(similarity)).mean().item())
        scores = method.rescore(similarity, Banks(bank_queries @ gallery.T, bank @ gallery.T, asked @ bank.T))
        if scores.shape != similarity.shape or not torch.isfinite(scores).all():
            raise ValueError(f"{method.slug()}: scores must be finite, one for each question and body")
        ranks = ranks_of(scores)
        trial.record(1, 1, mrr=100 * (1 / ranks).mean().item())
        trial.count(scores=scores.numel())
        found = torch.zeros(len(gallery), dtype=torch.double).index_add_(
            0, scores.topk(NEAREST).indices.flatten(), torch.ones(NEAREST * len(asked), dtype=torch.double))
        apart = found - found.mean()
        return {"mrr": 100 * (1 / ranks).mean().item(), "r1": 100 * (ranks < 2).double().mean().item(),
                "r10": 100 * (ranks <= NEAREST).double().mean().item(),
                "skewness": (apart.pow(3).mean() / apart.pow(2).mean().clamp(min=1e-12).pow(1.5)).item(),
                "never_found": 100 * (found == 0).double().mean().item()}

    def shuffle_labels(self, data: HubnessData, generator: torch.Generator) -> HubnessData:
        return replace(data, bodies=data.bodies[torch.randperm(len(data.bodies), generator=generator)])
