"""Fine-tuning: train the model itself on the few questions with answers, a copy for each task.

The same random list is shown as to those who learn weights, and all weights of the model move.

    theta <- theta - step of AdamW on mean over the validation questions of -log p(y | Z, x)

Follows the textbook.

>>> import torch
>>> copies({"a": torch.zeros(2)}, 3)["a"].shape
torch.Size([3, 2])
"""

import torch
from torch.func import functional_call, vmap

from methods.arenas.in_context.arena import InContextMethod, for_each
from methods.arenas.in_context.stage.task import answers_of, likelihood
from methods.kit.method import Card
from methods.kit.params import param


def copies(weights, many):
    """Each tensor as many times, stacked."""
    return {name: value.detach().expand(many, *value.shape).clone() for name, value in weights.items()}


class FineTuning(InContextMethod):
    card = Card(title="Fine-tuning")

    rate: float = param(0.001, "learning rate", low=1e-5, high=0.1)
    steps: int = param(15, "steps of training", low=0, high=200)

    def one(self, task):
        prompts, asked = super().one(task), task.validation
        self.weights = copies(dict(task.model.named_parameters()), len(asked.words))
        each = for_each(prompts, asked.words)
        optimizer = torch.optim.AdamW([w.requires_grad_() for w in self.weights.values()], self.rate)
        for _ in range(self.steps):
            with torch.enable_grad():
                loss = -likelihood(self._read(asked.words, each, task), answers_of(asked)).mean((1, 2)).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            task.trial.count(gradients=1)
        return prompts

    def _read(self, words, prompts, task):
        task.trial.count(positions=words.numel() + prompts.rows.numel() * task.pool.words.shape[2])
        return vmap(lambda weights, *inputs: functional_call(task.model, weights, inputs))(
            self.weights, *task.shown(prompts.rows), words)

    def answer(self, asked, prompts, task):
        return self._read(asked.words, prompts, task)
