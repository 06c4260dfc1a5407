"""What frozen states know: classes of words, a hidden word, the next word."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.kit.stage.corpora_units import MASK, Stream
from methods.kit.stage.lm_probes import linear_bits

FREQUENT, CLASSES, NEAR = 64, 12, 12        # words asked for, word classes, units to either side of a hidden word
SHOWN = 250                                 # windows that the hidden words to learn from are of, at most


def answers(method, net, task, data) -> dict[str, float]:
    seen, asked = (task.units.stream(windows) for windows in (data.labelled, data.test))
    shown = data.told[:SHOWN]
    more = task.units.stream(shown)
    bits, wrong = linear_bits(word_states(method, net, seen, task), data.labels.flatten(),
                              word_states(method, net, asked, task), data.test_labels.flatten(), CLASSES, 0.01)
    frequent = data.told.flatten().bincount(minlength=len(data.spelled)).topk(FREQUENT).indices
    cloze, after = (linear_bits(*gaps(method, net, more, shown, frequent, task, hidden),
                                *gaps(method, net, asked, data.test, frequent, task, hidden), FREQUENT + 1,
                                0.05)[0] for hidden in (True, False))
    return {"probe_bits": bits, "probe_error": wrong, "cloze_bits": cloze, "next_bits": after,
            "unit_length": sum(len(data.spelled[i].encode()) for i in data.test.flatten().tolist()) / len(asked.ids)}


def states(method, net, rows: Tensor) -> Tensor:
    return torch.cat([torch.cat(method.states(net, part), -1) for part in rows.split(200)])


def word_states(method, net, text: Stream, task) -> Tensor:
    """(W, D) of the last unit of each word; rows follow each other and have the arena's length."""
    length = task.options.length
    ids = torch.cat([text.ids, text.ids[:-len(text.ids) % length]]).view(-1, length)
    return states(method, net, ids).flatten(0, 1)[text.last]


def gaps(method, net, text: Stream, windows: Tensor, frequent: Tensor, task,
         hidden: bool) -> tuple[Tensor, Tensor]:
    """States at a masked word in the middle of units, or at the last unit before a word; and which word it is."""
    half = NEAR
    words = windows.flatten()
    fits = ((text.first >= half) & (text.last < len(text.ids) - half)).nonzero().flatten()
    chosen = fits[:: max(1, len(fits) // task.options.gaps)]
    before = text.ids[text.first[chosen][:, None] - torch.arange(half, 0, -1, device=words.device)]
    rows = before
    if hidden:
        after = text.ids[text.last[chosen][:, None] + torch.arange(1, half, device=words.device)]
        rows = torch.cat([before, torch.full_like(before[:, :1], MASK), after], 1)
    place = torch.full((int(words.max()) + 1 + int(frequent.max()),), FREQUENT, device=words.device)
    place[frequent] = torch.arange(FREQUENT, device=words.device)[:len(frequent)]
    return states(method, net, rows)[:, half if hidden else -1], place[words[chosen]]
