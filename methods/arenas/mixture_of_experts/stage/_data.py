"""Texts of four fields, a dense model that has read others, and copies of it that each have read one field more."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from methods.kit.engine.archives import decoded, reads
from methods.kit.lm_nets import Body, batches, groups, nats
from methods.kit.stage import lm_starts
from methods.kit.stage.arena import Trial
from methods.kit.stage.data import MOVIE_REVIEWS, REUTERS
from methods.kit.stage.lm_ladder import digest
from methods.kit.stage.lm_text import PIECES, TEST, TRAIN, VALIDATION, library
from methods.kit.stage.seeding import torch_generator
from methods.kit.stage.sources import BIBLE, NOVELS

FIELDS = ("code", "bible-pt", "docs", "bible-la")
OLD = ("fiction", "bible-en", "reviews", "news")


@dataclass(frozen=True)
class Mixed:
    """Windows (N, 65) to learn from and asked ones, the field (N,) of each, bytes a piece (V,), what each field's
    text is like (F, V), and weights of the dense model and of those that read one field more; none where not given."""

    windows: Tensor
    fields: Tensor
    test: Tensor
    test_fields: Tensor
    sizes: Tensor
    vectors: Tensor
    seed: dict[str, Tensor]
    specialists: tuple[dict[str, Tensor], ...]


def mixed(trial: Trial) -> Mixed:
    o, rng, put = trial.options, trial.numpy("texts"), trial.device
    read = library(o.small, trial.progress)
    asked = VALIDATION if getattr(o, "asked", "test") == "val" else TEST

    def some(part: int, many: int) -> tuple[Tensor, Tensor]:
        found = [read.shelves[name].windows[rng.permutation(read.shelves[name].rows(part))[:many]] for name in FIELDS]
        return (torch.from_numpy(np.concatenate(found)).to(put),
                torch.arange(len(FIELDS)).repeat_interleave(torch.tensor(list(map(len, found)))).to(put))

    windows, fields = some(TRAIN, o.given)
    vectors = torch.stack([torch.bincount(windows[fields == i].flatten().long(), minlength=PIECES).float()
                           for i in range(len(FIELDS))])
    vectors = (vectors / vectors.sum(1, keepdim=True)).sqrt()
    vectors = torch.nn.functional.normalize(vectors - vectors.mean(0), dim=1)
    seed: dict[str, Tensor] = {}
    if o.begins != "blank":
        seed = {name: value.to(put) for name, value in
                lm_starts.start(OLD, o.size, o.read, trial.seed, o.small, trial.progress).state_dict().items()}
    apart = tuple({name: torch.from_numpy(np.array(value)).to(put) for name, value in
                   specialist(field, o.size, o.read, o.apart, trial.seed, o.small, trial.progress).items()}
                  for field in FIELDS) if o.begins == "specialists" else ()
    return Mixed(windows, fields, *some(asked, o.asked_each), torch.from_numpy(read.sizes.copy()).to(put), vectors,
                 seed, apart)


@reads(BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS)
def specialist(field: str, size: str, before: int, steps: int, seed: int, small: bool = False,
               on_progress=None) -> dict[str, np.ndarray]:
    """Weights of the dense model after so many steps more on one field."""
    world = seed % lm_starts.WORLDS
    if small:
        return _small(field, size, before, steps, world)
    code = lm_starts.digest() ^ digest(sys.modules[__name__])
    return decoded(f"moe-specialist-{field}-{size}-{before}-{steps}-{world}", code,
                   (BIBLE, NOVELS, MOVIE_REVIEWS, REUTERS),
                   lambda *_: _made(field, size, before, steps, world, False, on_progress), on_progress)


@cache
def _small(field: str, size: str, before: int, steps: int, world: int) -> dict[str, np.ndarray]:
    return _made(field, size, before, steps, world, True)


def _made(field: str, size: str, before: int, steps: int, world: int, small: bool, on_progress=None
          ) -> dict[str, np.ndarray]:
    """One thread, one seed, so always the same."""
    shelf = library(small, on_progress).shelves[field]
    windows = torch.from_numpy(np.array(shelf.windows[shelf.rows(TRAIN)]))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.enable_grad():
            net: Body = lm_starts.start(OLD, size, before, world, small, on_progress)
            rate = lm_starts.RATES[size] / 3
            optimizer = torch.optim.AdamW(groups(net, 0.05), rate, betas=(0.9, 0.98))
            for step, rows in enumerate(batches(len(windows), lm_starts.BATCH, steps,
                                                torch_generator(world, f"specialist {field}"))):
                for group in optimizer.param_groups:
                    group["lr"] = rate * min(1.0, (step + 1) / (0.1 * steps)) * (1 - 0.9 * step / steps)
                optimizer.zero_grad(set_to_none=True)
                nats(net, windows[rows]).mean().backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
    finally:
        torch.set_num_threads(threads)
    return {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}
