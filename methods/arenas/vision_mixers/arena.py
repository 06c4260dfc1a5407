"""What should pass information between the patches of a picture?

Pictures of clothes (Fashion-MNIST) lie on a square of 32 x 32 dots and are cut into 8 x 8 patches of 4 x 4, tokens of
width 32 with their position. Four blocks follow, a method's own; then the mean of the tokens, standardised over the
batch, and one layer to the classes. All methods have as many weights in their blocks as four blocks of plain attention
(within 5 %): the arena sets the width inside their feed-forward parts so. Windows are 4 x 4 tokens. Everybody has the
same pictures, batches and first weights outside of the blocks, 100 steps of 32 pictures with AdamW, warm-up over a
tenth and a cosine to nothing. The rate is 0.01 for all: at seed 1000, which is never scored, it was better in `default`
than 0.005 for each of the four methods tried, plain, window and shifted-window attention and MaxViT.

The score is the log-loss on 2,000 pictures, in bits. `pairs` are the keys that a token's query sees, summed over
blocks. In `default` a picture lies in the middle of the square. In `far` (composed by us) two small ones, trousers or
bags, lie in opposite corners of noise, and the question is whether they are of one kind: what stays in a window cannot
tell, since the mean of the tokens comes after all mixing and one layer follows it; 150 steps. In `sizes` pictures are
12 to 40 dots wide, anywhere.

Seen before the arena was set: with the classifier's weights at nought and no standardising before it, 150 steps taught
little; asked for the kind that a mark in a third corner points to, nobody learnt it in 150 steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from methods.arenas.vision_mixers.stage._checks import answers_each_picture_alone, has_its_share_of_weights
from methods.arenas.vision_mixers.stage._data import SIDE, Pictures, pictures
from methods.arenas.vision_mixers.stage.nets import Block, Everywhere, Network, Site
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.seeding import seeded
from methods.kit.training import count_parameters, logits_of, minibatches

PLAIN = {"far": False, "sizes": False, "classes": 10, "longer": 1.0}


class VisionMixersMethod(Method):
    """The slot: `mixer`, `block` or the whole `stack`."""

    steps = 1.0              # a factor on the arena's steps, for the upper bound alone
    free_size = False        # whether its weights need not be as many as the others'

    def mixer(self, site: Site, layer: int) -> nn.Module:
        """What mixes tokens (N, H, W, D), which come normalised."""
        raise NotImplementedError

    def block(self, site: Site, layer: int) -> nn.Module:
        """The block of number `layer` from 0 on: (N, H, W, D) -> the same."""
        return Block(site, self.mixer(site, layer))

    def stack(self, site: Site) -> nn.Module:
        """All blocks."""
        return nn.Sequential(*(self.block(site, layer) for layer in range(site.layers)))


class VisionMixers(Arena):
    title = "Vision mixers"
    metrics = (
        Metric("label_bits", "Log-loss", "lower", "bits", chance=math.log2(10), ceiling=0, chance_in={"far": 1.0},
               help="of the right class, on pictures not seen in training"),
        Metric("accuracy", "Accuracy", unit="%", chance=10, ceiling=100, chance_in={"far": 50}),
        Metric("pairs", "Pairs", "lower", help="keys that the query of a token sees, summed over blocks"),
    )
    settings = (
        Setting("default", "one picture in the middle", PLAIN),
        Setting("far", "are the two in opposite corners of one kind?",
                {**PLAIN, "far": True, "classes": 2, "longer": 1.5}),
        Setting("sizes", "small and large, anywhere", {**PLAIN, "sizes": True}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "train": 64, "test": 64, "width": 16, "layers": 4, "patch": 4,
                                 "window": 4, "batch": 8, "steps": 3, "rate": 1e-2, "decay": 0.05}),
        "full": Scale(60, 2048, {"small": False, "train": 8000, "test": 2000, "width": 32, "layers": 4, "patch": 4,
                                 "window": 4, "batch": 32, "steps": 100, "rate": 1e-2, "decay": 0.05}),
        "gpu": Scale(900, 8192, {"small": False, "train": 48_000, "test": 20_000, "width": 192, "layers": 12,
                                 "patch": 2, "window": 4, "batch": 128, "steps": 8000, "rate": 1e-3, "decay": 0.05}),
    }
    slot = VisionMixersMethod
    baseline = "full-attention"
    sources = (datasets.FASHION_MNIST, datasets.DIGITS)
    checks = (answers_each_picture_alone, has_its_share_of_weights)

    def data(self, trial: Trial) -> Pictures:
        return pictures(trial)

    def wanted(self, trial: Trial) -> int:
        """How many weights blocks of plain attention have, four times as wide inside."""
        site = plain_site(trial, 4 * trial.options.width)
        return site.layers * weights(lambda: Block(site, Everywhere(site)))

    def site(self, method: VisionMixersMethod, trial: Trial) -> Site:
        """Where the method's blocks stand, so wide inside that their weights come nearest to what is wanted."""
        one, two = (weights(lambda h=hidden: method.stack(plain_site(trial, h))) for hidden in (8, 16))
        each = (two - one) / 8
        hidden = round(8 + (self.wanted(trial) - one) / each) if each else 8
        return plain_site(trial, max(4, hidden))

    def run(self, method: VisionMixersMethod, data: Pictures, trial: Trial) -> dict[str, float]:
        o = trial.options
        site = self.site(method, trial)
        net = Network(site, o.patch, method.stack(site), o.classes).to(trial.device)
        with seeded(trial.seed, trial.device):              # the same for all, whatever blocks drew
            net.begin()
        self._train(net, data, round(o.steps * o.longer * method.steps), o.rate, trial)
        said = logits_of(net, data.test_x, 500)
        pairs = sum(getattr(module, "pairs", 0) for module in net.modules())
        trial.count(parameters=count_parameters(net), mixers=count_parameters(net.stack))
        return {"label_bits": F.cross_entropy(said, data.test_y).item() / math.log(2),
                "accuracy": 100 * (said.argmax(1) == data.test_y).float().mean().item(), "pairs": pairs}

    def _train(self, net: Network, data: Pictures, steps: int, rate: float, trial: Trial) -> None:
        o = trial.options
        optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=o.decay)
        net.train()
        for step, rows in enumerate(minibatches(len(data.x), o.batch, steps, trial.generator("batches")), 1):
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1, step / (0.1 * steps)) * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))
            loss = F.cross_entropy(net(data.x[rows.to(data.x.device)]), data.y[rows.to(data.y.device)])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            trial.count(pictures=len(rows))
            if step % max(1, steps // 20) == 0 or step == steps:
                trial.record(step, steps, loss=loss.item())
        net.eval()

    def shuffle_labels(self, data: Pictures, generator: torch.Generator) -> Pictures:
        """The labels to learn from are permuted."""
        order: Tensor = torch.randperm(len(data.y), generator=generator)
        return replace(data, y=data.y[order.to(data.y.device)])


def plain_site(trial: Trial, hidden: int) -> Site:
    o = trial.options
    return Site(o.width, max(1, o.width // 16), SIDE // o.patch, o.layers, hidden, o.window)


def weights(make) -> int:
    """How many weights there would be; none is made."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        return count_parameters(make())
