"""RICL: learn how much each demonstration of a biased prompt should count.

The demonstrations are what they are, and some are wrong. Each is scaled by a weight before the frozen model reads it,
and the weights go down the gradient of the loss on a few questions with right answers. LARICL takes the answers as
linear in the weights and solves for them at once.

    w <- w - eta grad_w sum_val l(f(w_1 [x_1, y_1], ..., w_n [x_n, y_n]; x), y)
    LARICL: min_d |p + J d - y|^2 + ridge |d|^2,   w = 1 + d,   J = dp / dw at w = 1

Departs from the paper: the model translates words and does not fit numbers; weights scale the pairs before their place
in the list is added; the loss is a mean; eta, steps and ridge are ours. Claims are made for RICL, the default.

>>> import torch
>>> solved(torch.tensor([[[2.0]]]), torch.tensor([[4.0]]), 4.0).tolist()                       # 2 * 4 / (4 + 4)
[[1.0]]
"""

from dataclasses import replace

import torch
import torch.nn.functional as F

from methods.arenas.in_context.arena import InContextMethod, for_each
from methods.arenas.in_context.stage.task import answers_of, likelihood
from methods.kit.method import Beats, Card, Paper
from methods.kit.params import param


def solved(j, missing, ridge):
    """d (E, K) of J (E, N, K) and y - p (E, N)."""
    gram = j.transpose(1, 2) @ j + ridge * torch.eye(j.shape[2], device=j.device)
    return torch.linalg.solve(gram, (j.transpose(1, 2) @ missing[:, :, None])).squeeze(2)


class Ricl(InContextMethod):
    card = Card(
        title="RICL",
        papers=(Paper("Fine-tune Language Models to Approximate Unbiased In-context Learning", 2023,
                      arxiv="2310.03331"),),
        fidelity="core",
        claims=(Beats("random-list", on="log_loss", setting="fixed-list"),
                Beats("random-list", on="word_accuracy", setting="fixed-list"),
                Beats("fine-tuning", on="log_loss", setting="fixed-list")),
        reduces_to=("random-list", {"steps": 0}),
    )

    solver: str = param("descent", "RICL by descent, or LARICL at once", choices=("descent", "linear"))
    eta: float = param(1.0, "step of the descent", low=1e-3, high=10.0)
    steps: int = param(15, "steps of the descent", low=0, high=200)

    def one(self, task):
        prompts, asked, y = super().one(task), task.validation, answers_of(task.validation)
        w = torch.ones(prompts.rows.shape, device=prompts.rows.device)

        def said(w):
            return task.ask(asked.words, for_each(replace(prompts, weights=w), asked.words))

        if self.solver == "linear":
            columns = []
            for k in range(w.shape[1]):
                p, by_k = torch.func.jvp(lambda w: said(w).softmax(3), (w,), (F.one_hot(
                    torch.full(w.shape[:1], k, device=w.device), w.shape[1]).to(w.dtype),))
                columns.append(by_k.flatten(1))
            missing = F.one_hot(y, p.shape[3]).to(p.dtype).flatten(1) - p.flatten(1)
            return replace(prompts, weights=w + solved(torch.stack(columns, 2), missing, 1.0))
        for _ in range(self.steps):
            w = w.requires_grad_()
            with torch.enable_grad():
                loss = -likelihood(said(w), y).mean((1, 2)).sum()
                w = (w - self.eta * torch.autograd.grad(loss, w)[0]).detach()
            task.trial.count(gradients=1)
        return replace(prompts, weights=w)
