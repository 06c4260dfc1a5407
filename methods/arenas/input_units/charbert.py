"""CharBERT: beside the channel of subwords runs one of characters, and both meet after every block.

    c_t = W [last state of a GRU forwards; of one backwards] over the characters of piece t
    h = conv_3(W_a t + W_b c);   t <- norm(t + W_t gelu(h)),   c <- norm(c + W_c gelu(h)), after each block
    L = next piece from t  +  original word's piece from c, where a word of the input was misspelt (15 %)

A misspelt word is cut as it stands; the c of its last piece is to name the last piece of the word as it was.

Departs from the paper: what follows is said, where it guesses hidden words, so the convolution looks to the left; it
is of each direction apart, over the sum of both channels, where the paper's is a full one over both side by side with a
tanh; gelu comes before W_t and W_c and not after. The GRU reads the eight first characters of a piece, where the
paper's reads all of the text. What was misspelt is named by its last piece, where each piece names the whole word out
of 30,000. Pieces are merged within 512, and the probe reads the sum of both channels. Blocks are shared by both, as
there.

>>> backwards([3, 4, 0], 0)
[4, 3, 0]
"""

import torch
import torch.nn.functional as F
from torch import nn

from methods.arenas.input_units.arena import InputUnitsMethod
from methods.arenas.input_units.stage.net import next_units
from methods.arenas.input_units.stage.pieces import PAD, SPECIAL, character_pieces
from methods.arenas.input_units.stage.writing import misspelt
from methods.kit.lm_nets import Short
from methods.kit.method import Card, Matches, Paper, Withstands

PIECES, ALPHABET, LONGEST, SHARE = 512, 384, 8, 0.15


def backwards(characters, pad):
    """Characters in the other order, padding at the end as before."""
    many = sum(c != pad for c in characters)
    return characters[:many][::-1] + characters[many:]


class Fuse(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.token, self.spelling = nn.Linear(width, width), nn.Linear(width, width)
        self.conv = Short(width, 3, True)
        self.to_token, self.to_spelling = nn.Linear(width, width), nn.Linear(width, width)
        self.norm_token, self.norm_spelling = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, t, c):
        h = F.gelu(self.conv(self.token(t) + self.spelling(c)))
        return self.norm_token(t + self.to_token(h)), self.norm_spelling(c + self.to_spelling(h))


class Charbert(InputUnitsMethod):
    card = Card(
        title="CharBERT",
        papers=(Paper("CharBERT: Character-aware Pre-trained Language Model", 2020, arxiv="2011.01513"),),
        fidelity="core",
        claims=(Matches("subword", on="probe_bits", within=0.02),
                Withstands("subword", on="probe_bits", to="misspelt", by=0.02),
                Withstands("subword", on="probe_bits", to="keyboard", by=0.02)),
    )

    def learn(self, words, task):
        self.cutter = character_pieces([" " + word for word in words], PIECES, ALPHABET)
        spelled = [self.cutter.id_to_token(i) or "" for i in range(PIECES)]
        spelled[:SPECIAL] = ["", ""]
        known = {c: 1 + i for i, c in enumerate(sorted(set("".join(spelled))))}
        rows = [[known[c] for c in each[:LONGEST]] + [0] * (LONGEST - len(each[:LONGEST])) for each in spelled]
        self.many = len(known) + 1
        self.spelling = torch.tensor([rows, [backwards(row, 0) for row in rows]], device=task.device)
        return PIECES

    def cut(self, word):
        return self.cutter.encode(" " + word).ids

    def net(self, many, task):
        net = task.encoder(many, spare=task.allowed * 3 // 10)
        width = net.width
        net.characters = nn.Embedding(self.many, width // 2)
        nn.init.normal_(net.characters.weight, std=0.05)
        net.readers = nn.ModuleList(nn.GRU(width // 2, width // 2, batch_first=True) for _ in range(2))
        net.spelled = nn.Linear(width, width)
        net.fuses = nn.ModuleList(Fuse(width) for _ in net.blocks)
        return net.to(task.device)

    def _channels(self, net, ids):
        """(B, T, D) of every block, of pieces and of characters."""
        kinds, at = ids.unique(return_inverse=True)
        ends = []
        for order, reader in zip(self.spelling, net.readers, strict=True):
            rows = order[kinds]
            said, _ = reader(net.characters(rows))
            ends.append(said[torch.arange(len(rows), device=ids.device), (rows != 0).sum(1).clamp(min=1) - 1])
        t, c, found = net.enter(ids), net.spelled(torch.cat(ends, 1))[at], []
        for block, fuse in zip(net.blocks, net.fuses, strict=True):
            t, c = fuse(block(t), block(c))
            found.append((t, c))
        return found

    def loss(self, net, batch, task):
        noisy = [[misspelt(word, task.rng, False) if task.rng.random() < SHARE else word for word in window]
                 for window in batch.words]
        shown = task.batch(noisy, self.cut)
        t, c = self._channels(net, shown.ids)[-1]
        changed = torch.tensor([[a != b for a, b in zip(*both, strict=True)]
                                for both in zip(noisy, batch.words, strict=True)], device=task.device)
        value = next_units(net.logits(t), shown.ids, PAD)
        if changed.any():
            rows = torch.arange(len(changed), device=task.device)[:, None].expand_as(changed)[changed]
            value = value + F.cross_entropy(net.logits(c[rows, shown.last[changed]]),
                                            batch.ids[rows, batch.last[changed]])
        return value

    def states(self, net, batch):
        return [t + c for t, c in self._channels(net, batch.ids)]
