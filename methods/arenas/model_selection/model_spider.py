"""Model Spider: learn, from past tasks, to tell from a task's class means which model it wants.

    s(m, T) = head(first row of attention([theta_m, A mu_1, .., A mu_C])),   mu_c the mean of kind c without any model
    re-ranking: for the k best so far also [.., B_m nu_1, .., B_m nu_C],   nu_c the mean of kind c in model m's features
    L = -mean over ranks r of log( exp s_(r) / sum over q >= r of exp s_(q) ),   by what models were worth on past tasks

Trained at once without and with the models' own means, so that both kinds of row can be told.

Departs from the paper: 15 past tasks in place of thousands, with their true worth; drawings' features of one network
stand for its general encoder; maps B are shared by models of one width; a width of 32 and 60 steps of Adam. Without
past tasks all models are equal to it.

>>> import torch
>>> round(list_loss(torch.tensor([[0.0, 0.0]]), torch.tensor([[2.0, 1.0]])).item(), 4)         # log 2 / 2
0.3466
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.model_selection.arena import ModelSelectionMethod
from methods.arenas.model_selection.stage.task import groups
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param

WIDTH = 32


class Scorer(nn.Module):
    """Tokens (N, 1 + C, WIDTH), a model's first, to a score (N,)."""

    def __init__(self, models: int, into: int, widths: list[int]):
        super().__init__()
        self.theta = nn.Parameter(torch.randn(models, WIDTH))
        self.general = nn.Linear(into, WIDTH)
        self.special = nn.ModuleDict({str(width): nn.Linear(width, WIDTH) for width in widths})
        self.ask = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out, self.norm = nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)
        self.head = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 1))

    def forward(self, general, special=None):
        """(T, models) of class means (T, C, D) and, where given, those in each model's own features, by width: which
        models they are, and (T, m, C, width)."""
        many, tasks = len(self.theta), len(general)
        shown = self.general(general)[:, None].expand(-1, many, -1, -1)
        if special is not None:
            own = torch.empty_like(shown)
            for width, (at, means) in special.items():
                own[:, at] = self.special[str(width)](means)
            shown = torch.cat([shown, own], 2)
        tokens = torch.cat([self.theta[None, :, None].expand(tasks, -1, -1, -1), shown], 2).flatten(0, 1)
        q, k, v = self.ask(tokens).chunk(3, 2)
        said = F.scaled_dot_product_attention(q[:, :1], k, v)[:, 0]
        return self.head(self.norm(tokens[:, 0] + self.out(said))).view(tasks, many)


class ModelSpider(ModelSelectionMethod):
    card = Card(
        title="Model Spider",
        papers=(Paper("Model Spider: Learning to Rank Pre-Trained Models Efficiently", 2023, arxiv="2306.03900"),),
        fidelity="core",
        claims=(Beats("log-me", on="tau"), Beats("leep", on="tau"),
                Beats("log-me", on="tau", setting="fine-tuned"), Beats("leep", on="tau", setting="fine-tuned")),
    )

    k: int = param(3, "models that are ranked again by their own features", low=0, high=24)
    steps: int = param(60, "steps of training on past tasks", low=1, high=300)

    def learn(self, history):
        self.scorer = None
        if not history.tasks:
            return
        first = history.tasks[0]
        self.scorer = Scorer(len(history.models[0]), first.x.shape[1],
                             sorted({model.features.shape[1] for model in history.models[0]})).to(first.x.device)
        general = torch.stack([means(task.x, task) for task in history.tasks])
        special = own_means(history.models, history.tasks)
        optimizer = torch.optim.Adam(self.scorer.parameters(), 3e-3)
        for _ in range(self.steps):
            said = torch.cat([self.scorer(general), self.scorer(general, special)])
            loss = list_loss(said, history.worth.T.repeat(2, 1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def scores(self, models, task):
        if self.scorer is None:
            return [0.0] * len(models)
        general = means(task.x, task)[None]
        said = self.scorer(general)[0]
        if self.k:
            best = said.topk(min(self.k, len(said))).indices
            again = self.scorer(general, own_means([models], [task]))[0, best]
            others = said.scatter(0, best, -torch.inf).max().clamp(min=-1e3)
            said = said.scatter(0, best, others + 1 + again - again.min())          # all above the others
        return said.tolist()


def own_means(models, tasks):
    """By width: which models have it, and their class means (T, m, C, width) on tasks of equally many kinds."""
    found = {}
    for i, model in enumerate(models[0]):
        found.setdefault(model.features.shape[1], []).append(i)
    return {width: (at, torch.stack([torch.stack([means(every[i].features, task) for i in at])
                                     for every, task in zip(models, tasks, strict=True)]))
            for width, at in found.items()}


def means(x, task):
    """(C, D) of the kinds, or of groups."""
    own = F.one_hot(groups(task)).to(x)
    return own.T @ x / own.sum(0)[:, None]


def list_loss(said, worth):
    """The loss of naming the models of lists (T, M) from best to worst, one after another; mean over them and ranks."""
    ordered = said.gather(1, worth.argsort(1, descending=True))
    return (ordered.flip(1).logcumsumexp(1).flip(1) - ordered).mean()
