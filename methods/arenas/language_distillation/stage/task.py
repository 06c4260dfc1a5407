"""What a method of the arena of language distillation is given: few labelled windows of words, many not, a teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.word_nets import WordNet, masked_loss

MASK, WORDS_APART = 0, 4        # the number of a hidden word, and how many numbers stand for no word


class Task:
    """Windows of words `labelled` (L, T) with `labels`, `text` (N, T) with the teacher's logits `told` (N, T, C), and
    the `teacher`; `large` is the teacher before it saw labels, both frozen. `truth` (N, T) are the labels of `text`,
    for upper bounds; None for everybody else."""

    def __init__(self, labelled: Tensor, labels: Tensor, text: Tensor, told: Tensor, truth: Tensor | None,
                 teacher: WordNet, large: WordNet, start: dict[str, Tensor], vocabulary: int, classes: int, trial):
        self.labelled, self.labels, self.text, self.told, self.truth = labelled, labels, text, told, truth
        self.teacher, self.large, self.start = teacher, large, start
        self.options, self.trial = trial.options, trial
        self.vocabulary, self.many_classes = vocabulary, classes
        self.hidden = trial.generator("hidden words")

    @property
    def steps(self) -> int:
        return int(self.options.steps)

    def student(self, pretrained: bool, large: bool = False) -> WordNet:
        """The arena's student, with weights drawn anew or those of a small language model; `large`, one of twice its
        blocks and a third wider, drawn anew."""
        width = self.options.width * 4 // 3 if large else self.options.width
        net = WordNet(self.vocabulary, width, 2 if large else 1, self.many_classes, self.text.shape[1])
        if pretrained:
            net.load_state_dict(self.start)
        return net.to(self.trial.device)

    def small(self) -> WordNet:
        """The small language model, frozen."""
        return self.student(pretrained=True).eval().requires_grad_(False)

    def read_on(self, nets: Iterable[nn.Module], loss: Callable[[Tensor, Tensor], Tensor], steps: int) -> None:
        """Trains on batches of text: `loss` takes the words (B, T) and their rows (B,)."""
        self._train(nets, lambda rows: loss(self.text[rows], rows), len(self.text), steps, self.options.rate, "text")

    def tune(self, nets: Iterable[nn.Module], loss: Callable[[Tensor, Tensor], Tensor] | None = None,
             steps: int | None = None) -> None:
        """Trains on batches of labelled windows: `loss` takes words (B, T) and labels (B, T); without it, the mean
        cross-entropy of the first network."""
        nets = list(nets)
        chosen = loss or (lambda ids, labels: named(nets[0](ids), labels))
        self._train(nets, lambda rows: chosen(self.labelled[rows], self.labels[rows]), len(self.labels),
                    self.options.tuning if steps is None else steps, self.options.tuning_rate, "labels")

    def _train(self, nets, loss, rows: int, steps: int, rate: float, purpose: str) -> None:
        kept = [p for net in nets for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(kept, rate, betas=(0.9, 0.98), weight_decay=0.05)
        drawn, order = self.trial.generator(purpose), torch.empty(0)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * falling(step, steps)
            if len(order) < min(self.options.batch, rows):
                order = torch.randperm(rows, generator=drawn).to(self.trial.device)
            value = loss(order[:self.options.batch])
            self.trial.count(windows=len(order[:self.options.batch]))
            order = order[self.options.batch:]
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(kept, 1.0)
            optimizer.step()
            if step % max(1, steps // 10) == 0 or step == steps - 1:
                self.trial.record(step + 1, steps, loss=value.item())

    def hide(self, net: WordNet, ids: Tensor) -> Tensor:
        """Mean nats of hidden words."""
        return masked_loss(net, ids, MASK, self.hidden)

    def masked(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Words (B, T) with 15 % of them hidden, and which."""
        hidden = torch.rand(ids.shape, generator=self.hidden).to(ids.device) < 0.15
        return torch.where(hidden, MASK, ids), hidden


def helped(net: WordNet, small: WordNet, ids: Tensor, seen: Tensor, hidden: Tensor, share: float) -> Tensor:
    """(1 - share) CE(hidden word) + share KL(p_small || p) over the hidden words."""
    said = net.words(net.read(seen).last[hidden])
    true = F.cross_entropy(said, ids[hidden])
    if share == 0:
        return true
    told = small.words(small.read(seen).last[hidden])
    kl = F.kl_div(said.log_softmax(-1), told.log_softmax(-1), reduction="batchmean", log_target=True)
    return (1 - share) * true + share * kl


def falling(step: int, steps: int) -> float:
    """Share of the rate: 5 % warm-up, then a line to a twentieth."""
    return min(1, (step + 1) / (0.05 * steps)) * (1 - 0.95 * step / steps)


def named(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of classes over all words."""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def soft(logits: Tensor, told: Tensor) -> Tensor:
    """Mean over words of -sum_c p_T(c) log p_S(c)."""
    return -(told.softmax(-1) * logits.log_softmax(-1)).sum(-1).mean()
