"""What a method of the arena of contrastive text is given: functions, their rewritings, and an encoder that reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.kit.word_nets import WordNet, masked_loss

MASK, PAD = 0, 1


class Encoder(nn.Module):
    """Tokens (B, T) -> vectors (B, D) of length one: the mean over tokens of what a reading network makes of them."""

    def __init__(self, net: WordNet):
        super().__init__()
        self.net = net

    def forward(self, ids: Tensor, dropout: float = 0.0) -> Tensor:
        there = (ids != PAD).float()[..., None]
        states = F.dropout(self.net.read(ids).last, dropout)
        return F.normalize((states * there).sum(1) / there.sum(1).clamp(min=1), dim=1)


class Task:
    """`text` (N, T) are functions; `kinds` has of each some rewritings (K, N, T): "names", "padding" and "law" mean
    the same, "broken" something else. `test_kinds` are those asked, for upper bounds; None for everybody else."""

    def __init__(self, text: Tensor, kinds: dict[str, Tensor], test_kinds, start: dict[str, Tensor], blank, trial):
        self.text, self.kinds, self.test_kinds, self.trial, self.options = text, kinds, test_kinds, trial, trial.options
        self._start, self._blank, self.hidden = start, blank, trial.generator("hidden tokens")

    def encoder(self) -> Encoder:
        """The arena's encoder, which has guessed hidden tokens."""
        net = self._blank()
        net.load_state_dict(self._start)
        return Encoder(net).to(self.trial.device)

    def rewritten(self, kinds: Iterable[str], rows: Tensor) -> Tensor:
        """One rewriting (B, T) of each of these functions, of a kind and a copy drawn for each."""
        every = torch.cat([self.kinds[kind] for kind in kinds])
        return every[torch.randint(len(every), rows.shape, device=rows.device), rows]

    def guess(self, encoder: Encoder, ids: Tensor) -> Tensor:
        """Mean nats of hidden tokens."""
        return masked_loss(encoder.net, ids, MASK, self.hidden)

    def train(self, nets: Iterable[nn.Module], loss: Callable[[Tensor, Tensor], Tensor],
              after: Callable[[], None] | None = None) -> None:
        """AdamW on batches: `loss` takes tokens (B, T) and their rows (B,)."""
        o, drawn, order = self.options, self.trial.generator("batches"), torch.empty(0)
        kept = [p for net in nets for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(kept, o.rate, betas=(0.9, 0.98), weight_decay=0.01)
        for step in range(o.steps):
            optimizer.param_groups[0]["lr"] = o.rate * min(1, (step + 1) / (0.1 * o.steps)) * (1 - step / o.steps)
            if len(order) < min(o.batch, len(self.text)):
                order = torch.randperm(len(self.text), generator=drawn).to(self.trial.device)
            rows, order = order[:o.batch], order[o.batch:]
            value = loss(self.text[rows], rows)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(kept, 1.0)
            optimizer.step()
            if after:
                after()
            self.trial.count(functions=len(rows))
            if step % max(1, o.steps // 10) == 0 or step == o.steps - 1:
                self.trial.record(step + 1, o.steps, loss=value.item())


def contrast(q: Tensor, k: Tensor, others: Tensor | None, tau: float) -> Tensor:
    """Mean nats of finding k_i by q_i among all of k (B, D), and `others` (M, D)."""
    keys = k if others is None else torch.cat([k, others])
    return F.cross_entropy(q @ keys.T / tau, torch.arange(len(q), device=q.device))
