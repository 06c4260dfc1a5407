"""What does a trained language model lose when it has to become smaller?

A causal model of six blocks, 196,000 weights, has read source code and novels for 3,000 steps. A method makes it
smaller: all that is stored at the end, embeddings, scales, tables and the places of zeros included, may take so many
per cent of the bits of the model at 16 bits a number. Then the model is tuned for 48 steps of 8 windows on another
text, film reviews, and asked for other reviews: the score is bits per byte. What a method spends on stages of its own
is taken from these steps. Methods fill the room as they can; `stored` says how full it is.

In `default` about half may be stored. In `shallow` 72 %, enough for four of the six blocks. In `low-bit` 36 %, which is
4.1 bits for a weight of the blocks, nothing trains, and code and novels are asked for. In `low-bit-tuned` it is as
much, with tuning.

The rate, 0.003, is the best of 0.001, 0.003 and 0.01 for the dense model on validation documents at two seeds that are
never scored; all have it. Other strengths are the papers' or ours, as each file says: none was tuned. There is one
trained model, so what differs between models is not seen: seeds differ in the text that is tuned on and asked for.
`pretraining` counts what a model's training cost before it came here; zero weights cost nothing in it, as on machines
that can make use of them.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from methods.arenas.compression.stage._checks import keeps_to_its_room
from methods.arenas.compression.stage._data import Compressible, compressible
from methods.arenas.compression.stage.packed import stored_bits
from methods.arenas.compression.stage.task import Task, mean_nats
from methods.kit.lm_nets import bits_per_byte
from methods.kit.method import Method
from methods.kit.stage import data as datasets
from methods.kit.stage.arena import Arena, Metric, Scale, Setting, Trial
from methods.kit.stage.sources import BIBLE, NOVELS


class CompressionMethod(Method):
    """The slot: `compress` is all that most fill."""

    fixed_size = False          # stores what it stores, whatever the room: upper bounds, and methods of one size
    pretraining = 100.0         # what the training of the model it begins with cost, % of the dense model's

    def compress(self, net: nn.Module, task: Task) -> nn.Module:
        """A copy of the trained model comes in; what is to be tuned comes out."""
        return net

    def loss(self, net: nn.Module, batch: Tensor, task: Task) -> Tensor:
        """The scalar loss of a batch of windows."""
        return mean_nats(net, batch)

    def after_step(self, net: nn.Module, task: Task) -> None:
        """Called after each step of tuning."""

    def finish(self, net: nn.Module, task: Task) -> nn.Module:
        """What is stored and asked, after tuning."""
        return net


class Compression(Arena):
    title = "Compression"
    metrics = (
        Metric("bits_per_byte", "Bits per byte", "lower", "bits", help="of test documents"),
        Metric("stored", "Stored", "lower", "%", help="of the bits of the dense model at 16 bits a number"),
        Metric("pretraining", "Pretraining", "lower", "%",
               help="multiply-adds of blocks in the training that went before, of the dense model's"),
    )
    settings = (
        Setting("default", "half the bits, then other text", {"share": 0.52}),
        Setting("shallow", "72 % of the bits, then other text", {"share": 0.72}),
        Setting("low-bit", "36 % of the bits, no training", {"share": 0.36, "steps": 0}),
        Setting("low-bit-tuned", "36 % of the bits, then other text", {"share": 0.36}),
    )
    scales = {
        "smoke": Scale(5, 1024, {"small": True, "steps": 6, "batch": 2, "known": 8, "tests": 8, "rate": 3e-3,
                                 "decay": 0.05}),
        "full": Scale(60, 2048, {"small": False, "steps": 48, "batch": 8, "known": 256, "tests": 256, "rate": 3e-3,
                                 "decay": 0.05}),
        "gpu": Scale(600, 8192, {"small": False, "steps": 800, "batch": 16, "known": 4096, "tests": 4096, "rate": 3e-3,
                                 "decay": 0.05}),
    }
    slot = CompressionMethod
    baseline = "magnitude-pruning"
    sources = (BIBLE, NOVELS, datasets.MOVIE_REVIEWS, datasets.REUTERS, datasets.STDLIB)
    checks = (keeps_to_its_room,)

    def data(self, trial: Trial) -> Compressible:
        return compressible(trial)

    def run(self, method: CompressionMethod, data: Compressible, trial: Trial) -> dict[str, float]:
        task = Task(data, trial)
        whole = stored_bits(task.dense())
        net = method.compress(task.dense(), task)
        task.train(net, task.steps - task.step, lambda batch: method.loss(net, batch, task),
                   after=lambda: method.after_step(net, task))
        net = method.finish(net, task).eval()
        stored = stored_bits(net)
        if stored > task.budget and not method.fixed_size:
            raise ValueError(f"{method.slug()} stores {stored:.0f} bits; {task.budget:.0f} are allowed")
        trial.count(parameters=sum(p.numel() for p in net.parameters()))
        with torch.no_grad():
            bits = bits_per_byte(net, data.test, data.sizes)
        trial.record(task.steps, task.steps, bits_per_byte=bits)
        return {"bits_per_byte": bits, "stored": 100 * stored / whole, "pretraining": method.pretraining}

    def shuffle_labels(self, data: Compressible, generator: torch.Generator) -> Compressible:
        """What is read has its pieces in another order within each window, and the models have learnt nothing."""
        def mixed(windows: Tensor) -> Tensor:
            order = torch.rand(windows.shape, generator=generator).argsort(1)
            return windows.gather(1, order.to(windows.device))

        def drawn(model: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: value.flatten()[torch.randperm(value.numel(), generator=generator).to(value.device)]
                    .view_as(value) for name, value in model.items()}

        return replace(data, dense=drawn(data.dense), masked=drawn(data.masked), known=mixed(data.known),
                       new=mixed(data.new))
