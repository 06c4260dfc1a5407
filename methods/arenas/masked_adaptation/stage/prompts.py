"""A text with a template behind it whose hidden word names the class, and tuning by that word."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.masked_adaptation.arena import MaskedAdaptationMethod
from methods.arenas.masked_adaptation.stage.sizes import MASK, RESERVED
from methods.arenas.masked_adaptation.stage.task import Task, WordNet

STEPS = 40


class Prompted(MaskedAdaptationMethod):
    """Tuned by the template where classes are those of windows; of words, by the linear classifier of all."""

    def tune(self, net, task):
        return task.tune(net) if task.classes.dim() > 1 else by_words(net, task, label_words(net, task))


def filled(ids: Tensor, words: Tensor | int) -> Tensor:
    """Windows whose last word is another.

    >>> filled(torch.tensor([[5, 6, 7]]), 0).tolist()
    [[5, 6, 0]]
    """
    last = torch.full_like(ids[:, :1], words) if isinstance(words, int) else words[:, None]
    return torch.cat([ids[:, :-1], last], 1)


def label_words(net: WordNet, task: Task) -> Tensor:
    """(C,) for each class the word whose log probability in the template gains most in labelled windows of the class
    against all, none twice, among words that the domain has often."""
    with torch.no_grad():
        said = net.words(net.read(filled(task.labelled, MASK)).last[:, -1]).log_softmax(1)
        rare = task.counts[:said.shape[1]] < task.counts.float().mean()
        rare[:RESERVED] = True
        found: list[int] = []
        for c in range(task.kinds):
            gain = said[task.classes == c].mean(0) - said.mean(0)
            gain[rare] = -torch.inf
            gain[found] = -torch.inf
            found.append(int(gain.argmax()))
    return torch.tensor(found, device=task.device)


def by_words(net: WordNet, task: Task, words: Tensor) -> Callable[[Tensor], Tensor]:
    """What is asked after tuning the whole encoder on label words at the template's end."""
    def ask(ids: Tensor) -> Tensor:
        return net.words(net.read(filled(ids, MASK)).last[:, -1])[:, words]

    with torch.enable_grad():
        net.requires_grad_(True)
        optimizer = torch.optim.AdamW(net.parameters(), task.options.tune_rate, weight_decay=task.options.decay)
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = task.options.tune_rate * (1 - step / STEPS)
            rows = torch.randperm(len(task.labelled), generator=task.generator)[:task.size].to(task.device)
            value = F.cross_entropy(ask(task.labelled[rows]), task.classes[rows])
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    return ask
