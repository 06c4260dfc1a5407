"""BayesPrompt: start prompts from samples of what each class looks like, not from noise.

With few labels, prompts that start at random learn the labelled examples rather than the classes. BayesPrompt fits
a Gaussian mixture to the frozen model's features of the labelled examples, moves particles by Stein variational
gradient descent until they stand for it, and puts one sampled feature per class, with learnt tokens, in front of
the input.

    z_i <- z_i + eps/n sum_j [k(z_j, z_i) grad log p(z_j) + grad_{z_j} k(z_j, z_i)],   p = sum_c pi_c N(mu_c, S_c)
    prompt = [learnt tokens; z_1 ... z_C]

Departs from the paper: features of pictures stand in for those of words with their label and type words; they are
scaled to the size of input tokens, which a small model keeps in another space than its last state. A mixture's part is
a class, with one diagonal variance for all, not fitted without labels; a particle of each class is a token of its own,
where the authors' code puts the mean of several in the place of its type words.

>>> import torch
>>> stein(torch.tensor([[1.0]]), lambda z: -z, steps=1, rate=0.5).tolist()    # one particle climbs the density
[[0.5]]
"""

import torch
from torch import nn

from methods.arenas.peft.arena import PeftMethod
from methods.kit.adapters import in_front
from methods.kit.method import Beats, Card, GainGrows, Paper
from methods.kit.params import param


def stein(z, score, steps, rate):
    """Particles z (n, D) moved to stand for the density whose log has the gradient `score(z)`."""
    for _ in range(steps):
        apart = z[:, None] - z[None]                                           # (n, n, D): z_j - z_i at [j, i]
        squared = apart.square().sum(2)
        width = squared.median().clamp(min=1e-6) / torch.log(z.new_tensor(len(z) + 1.0))
        kernel = torch.exp(-squared / width)
        pull, push = kernel.T @ score(z), (-2 / width * apart * kernel[..., None]).sum(0)
        z = z + rate / len(z) * (pull + push)
    return z


def mixture_score(z, means, variance, weights):
    """Gradient (n, D) of the log density of a mixture of Gaussians with means (C, D) and one diagonal variance (D,)."""
    away = means - z[:, None]                                                  # (n, C, D)
    log = weights.log() - 0.5 * (away.square() / variance).sum(2)
    return (torch.softmax(log, 1)[..., None] * away / variance).sum(1)


class BayesPrompt(PeftMethod):
    card = Card(
        title="BayesPrompt",
        papers=(Paper("BayesPrompt: Prompting Large-Scale Pre-Trained Language Models on Few-shot Inference via "
                      "Debiased Domain Abstraction", 2024, arxiv="2401.14166"),),
        fidelity="core",
        claims=(Beats("prompt-tuning", on="target_accuracy", setting="few-labels"),
                Beats("prompt-tuning", on="target_accuracy"),
                GainGrows("prompt-tuning", on="target_accuracy", to="few-labels"),
                Beats("prompt-tuning", on="target_accuracy", setting="sentences")),
        waivers={"starts-from-the-pretrained-model": "its new tokens take part in attention from the start"},
    )

    p: int = param(6, "learnt tokens beside those of the classes", low=1, high=32)
    start: str = param("stein", "where the classes' tokens come from", choices=("stein", "mean", "noise"))
    steps: int = param(50, "steps of the particles", low=1, high=200)

    @torch.no_grad()
    def adapt(self, net, task):
        tokens = net.embed(task.train.x[:512])
        z = net.pool(net.encode(tokens))
        y = task.train.y[:512].flatten()
        classes = y.unique()[:16]
        means = torch.stack([z[y == c].mean(0) for c in classes])
        weights = torch.stack([(y == c).float().mean() for c in classes])
        within = torch.cat([z[y == c] - mean for c, mean in zip(classes, means, strict=True)])
        variance = within.square().mean(0) + 0.1 * within.square().mean()
        chosen = means
        if self.start == "stein":
            particles = means.repeat_interleave(4, 0)
            particles = particles + variance.sqrt() * torch.randn_like(particles)
            particles = stein(particles, lambda at: mixture_score(at, means, variance, weights), self.steps,
                              float(variance.mean()))
            picks = torch.randint(4, (len(classes),)).to(z.device)
            chosen = particles.view(len(classes), 4, -1)[torch.arange(len(classes)), picks]
        elif self.start == "noise":
            chosen = means.mean(0) + z.std(0) * torch.randn_like(means)
        flat = tokens.flatten(0, 1)
        scaled = flat.mean(0) + (chosen - z.mean(0)) / z.std(0).clamp(min=1e-6) * flat.std(0)
        learnt = flat[torch.randperm(len(flat))[:self.p].to(flat.device)]
        net.prompt = nn.Parameter(torch.cat([learnt, scaled]).detach().clone())

    def features(self, net, batch):
        return net.pool(net.norm(net.encode(in_front(net.prompt, net.embed(batch.x)))))
