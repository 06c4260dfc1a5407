"""Q8BERT: weights and activations are rounded to eight bits while the model is tuned.

    Q(x) = round(clip(x S, -127, 127)) / S
    weights: S = 127 / max |W|;   activations: S = 127 / (moving average of max |x|)
    gradients go straight through; norms, softmax and GELU stay as they are

Embeddings and all maps are rounded, and at the end stored, at eight bits, each matrix with one scale of 32 bits: 51 %
in all, whatever the room.

Departs from the paper: a causal model; biases stay at 16 bits, and what comes out of maps and goes into the output
weights is not rounded; the moving average keeps 0.9 of the old (0.9999 in its code) and starts with what the trained
model shows on eight known windows.

>>> import torch
>>> from methods.arenas.compression.stage.eight_bits import eight
>>> eight(torch.tensor([0.004, -1.0]), torch.tensor(1.0)).mul(127).round().tolist()
[1.0, -127.0]
"""

import torch

from methods.arenas.compression.arena import CompressionMethod
from methods.arenas.compression.stage.eight_bits import Eight, EightRows
from methods.arenas.compression.stage.packed import replace_maps
from methods.kit.method import Beats, Card, Matches, Paper
from methods.kit.params import param


class Q8Bert(CompressionMethod):
    card = Card(
        title="Q8BERT",
        papers=(Paper("Q8BERT: Quantized 8Bit BERT", 2019, arxiv="1910.06188"),),
        fidelity="faithful",
        claims=(Matches("dense-tuned", on="bits_per_byte", within=0.005, cost="stored"),
                Beats("dynamic-quantization", on="bits_per_byte")),
    )
    fixed_size = True
    momentum: float = param(0.9, "what the moving average of activations keeps", low=0.0, high=0.999)

    def compress(self, net, task):
        net.embed = EightRows(net.embed.weight)
        put = replace_maps(net, lambda linear: Eight(linear, self.momentum))
        for each in put:
            each.watching = True
        with torch.no_grad():
            net(task.known[:8, :-1].long())
        for each in put:
            each.watching = False
        return net
