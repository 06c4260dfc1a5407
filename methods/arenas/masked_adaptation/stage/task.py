"""What a method of adaptation is given: texts to read, ways to hide words, few labels and a way to tune on them."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.masked_adaptation.stage.sizes import MASK, RESERVED
from methods.arenas.masked_adaptation.stage.starts import blank
from methods.kit.word_nets import WordNet

Texts = dict[str, Tensor]


class Task:
    """`texts` are windows by name: domain, own, general, elsewhere and what the setting has besides; `labelled` (n, T)
    have `classes`, one a word (n, T) or one a window (n,). `step` of `steps` counts batches of `size` windows; `words`
    is the size of the vocabulary, `known` of it the start knows, `counts` (words,) are those of the domain.
    `marks` (words,) are 1 where a word opens a part of a tree, -1 where it shuts one. `documents` and `genres` (N,)
    say where windows of the domain come from. `told` is for upper bounds."""

    def __init__(self, texts: Texts, labels: dict[str, Tensor], facts: dict[str, Tensor], start: dict[str, Tensor],
                 trial, classes: int):
        self.texts, self.options, self.seed, self.device = texts, trial.options, trial.seed, trial.device
        self.labelled, self.classes, self.kinds = labels["labelled"], labels["classes"], classes
        self.told = (labels["told"], labels["told_classes"]) if "told" in labels else None
        self.documents, self.genres, self.counts = facts["documents"], facts["genres"], facts["counts"]
        self.related_classes = facts.get("related_classes")
        self.marks = facts.get("marks", torch.zeros(len(facts["fold"]), dtype=torch.long, device=trial.device))
        self.known, self.fold, self.words = int(facts["known"]), facts["fold"], len(facts["fold"])
        self.step, self.steps, self.size = 0, trial.options.steps, trial.options.batch
        self.generator, self.trial, self._start = trial.generator("order"), trial, start
        self.parts = nn.ModuleDict()
        self._orders: dict[str, Tensor] = {}
        self.rows = torch.zeros(0, dtype=torch.long)

    @property
    def progress(self) -> float:
        return self.step / self.steps

    def start(self) -> WordNet:
        """The encoder everybody begins with."""
        net = self.blank()
        net.load_state_dict(self._start, strict=False)
        return net

    def blank(self, blocks: int = 2) -> WordNet:
        """An encoder that has read nothing."""
        return blank(self.known, self.options.width, self.kinds, self.seed, blocks).to(self.device)

    def add(self, name: str, part: nn.Module) -> nn.Module:
        """Something beside the encoder that learns and is dropped at the end."""
        self.parts[name] = part.to(self.device)
        return part

    def lots(self, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1)."""
        return torch.rand(shape, generator=self.generator).to(self.device)

    def any_words(self, *shape: int) -> Tensor:
        return torch.randint(RESERVED, self.known, shape, generator=self.generator).to(self.device)

    def draw(self, name: str = "domain", many: int | None = None) -> Tensor:
        """The next windows of a text, all in mixed order before any comes again; their `rows` are kept."""
        many, text = many or self.size, self.texts[name]
        order = self._orders.get(name, torch.empty(0, dtype=torch.long))
        while len(order) < many:
            order = torch.cat([order, torch.randperm(len(text), generator=self.generator)])
        self.rows, self._orders[name] = order[:many].to(self.device), order[many:]
        return text[self.rows]

    def choose(self, ids: Tensor, share: float, bonus: Tensor | None = None) -> Tensor:
        """(B, T) which words are to be guessed, so many of each window; those with a `bonus` (B, T) first."""
        many = max(1, round(share * ids.shape[1]))
        lots = self.lots(*ids.shape) if bonus is None else self.lots(*ids.shape) + bonus
        return lots >= lots.topk(many, 1).values[:, -1:]

    def damaged(self, ids: Tensor, chosen: Tensor) -> Tensor:
        """Of the chosen words 80 % are masked, 10 % exchanged for any, 10 % left."""
        lots = self.lots(*ids.shape)
        shown = torch.where(lots < 0.8, MASK, torch.where(lots < 0.9, self.any_words(*ids.shape), ids))
        return torch.where(chosen, shown, ids)

    def tune(self, net: WordNet, ids: Tensor | None = None, classes: Tensor | None = None,
             states: Callable[[Tensor], Tensor] | None = None) -> Callable[[Tensor], Tensor]:
        """A linear classifier of what the encoder, now frozen, makes of labelled windows: of each word, or of a window
        by the mean of its states. `states` gives (B, T, D) or, of windows, (B, D) in another way."""
        ids, classes = self.labelled if ids is None else ids, self.classes if classes is None else classes
        whole = classes.dim() == 1
        states = states or (lambda seen: all_states(net, seen, whole))
        with torch.no_grad():
            x = torch.cat([states(part) for part in ids.split(200)]).flatten(0, -2)
        said = fitted(x, classes.flatten(), self.kinds, self.options.penalty * (200 if whole else 1))
        self.trial.count(labels=classes.numel())
        return lambda seen: said(states(seen))


def all_states(net: WordNet, ids: Tensor, whole: bool) -> Tensor:
    """(B, T, 2 D) states after both blocks, or their mean over a `whole` window."""
    found = torch.cat(net.read(ids).states[1:], -1)
    return found.mean(1) if whole else found


def fitted(x: Tensor, y: Tensor, classes: int, penalty: float, steps: int = 40) -> Callable[[Tensor], Tensor]:
    """A linear classifier of x (N, D), by L-BFGS with penalty/2 |W|^2; features are brought to mean 0 and deviation 1.

    >>> x = torch.tensor([[-1.0], [1.0]]).repeat(20, 1)
    >>> fitted(x, (x[:, 0] > 0).long(), 2, 0.01)(torch.tensor([[-2.0], [2.0]])).argmax(1).tolist()
    [0, 1]
    """
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    z = (x - mean) / deviation
    with torch.enable_grad():
        weight = torch.zeros(classes, x.shape[1], device=x.device, requires_grad=True)
        shares = torch.bincount(y, minlength=classes) + 1.0
        bias = (shares / shares.sum()).log().requires_grad_(True)
        fit = torch.optim.LBFGS([weight, bias], max_iter=steps, line_search_fn="strong_wolfe")

        def closure():
            fit.zero_grad()
            loss = F.cross_entropy(F.linear(z, weight, bias), y) + penalty / 2 * weight.square().sum()
            loss.backward()
            return loss

        fit.step(closure)
    w, b = weight.detach(), bias.detach()
    return lambda seen: F.linear((seen - mean) / deviation, w, b)


def named(net: WordNet, ids: Tensor, whole: bool) -> Tensor:
    """Logits of classes, of each word or of the `whole` window."""
    state = net.read(ids).last
    return net.classes(state.mean(1) if whole else state)


def guessed(net: WordNet, state: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    """Mean nats of the chosen words, of states (B, T, D)."""
    return F.cross_entropy(net.words(state[chosen]), ids[chosen])


__all__ = ["Task", "WordNet", "all_states", "fitted", "guessed", "named"]
