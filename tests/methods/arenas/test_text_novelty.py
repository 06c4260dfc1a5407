"""The arena of unlike texts: likelihoods by hand, nearest layers by all pairs."""

import torch

from methods.arenas.text_novelty.mlkd_ood import nearest
from methods.arenas.text_novelty.stage.task import likelihood
from methods.arenas.text_novelty.stage.teachers import blank


def test_likelihood_is_the_mean_of_what_each_piece_was_given():
    net, text = blank(0, True), torch.tensor([[10, 20, 30, 40]])
    with torch.no_grad():
        said = net(text[:, :-1]).softmax(2)[0]
    want = sum(said[i, text[0, i + 1]].log() for i in range(3)) / 3
    assert torch.isclose(likelihood(net, text)[0], want, atol=1e-5)


def test_nearest_layers_are_the_least_apart():
    drawn = torch.Generator().manual_seed(0)
    student, teacher = ([torch.randn(2, 3, 4, generator=drawn) for _ in range(n)] for n in (2, 3))
    total = 0.0
    for a in student:
        cosines = [(1 - torch.cosine_similarity(a, b, dim=2)).mean().item() * 2 for b in teacher]
        total += sum(sorted(cosines)[:2]) / 4
    assert abs(nearest(student, teacher, 2).item() - total) < 1e-5
