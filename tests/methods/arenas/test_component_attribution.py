"""The arena of components: outcomes by running the networks plainly, joint influence by the loss it adds up to."""

import torch

from methods.arenas.component_attribution.arena import ComponentAttribution
from methods.arenas.component_attribution.stage import heads, pictures


def circuit(setting):
    stage = ComponentAttribution()
    trial = stage.trial(scale="smoke", setting=setting, seed=1)
    data = stage.data(trial)
    made = heads.HeadCircuit if setting == "heads" else pictures.PictureCircuit
    return made(data.net, *data.behaviours[0].seen[0], trial), data


def test_nothing_chosen_is_the_network_as_it_is():
    found, data = circuit("heads")
    asked, _, answers, others = data.behaviours[0].seen[0]
    logits, row = data.net(asked)[:, -1], torch.arange(len(asked))
    assert torch.isclose(found.whole(), (logits[row, answers] - logits[row, others]).mean(), atol=1e-4)
    found, data = circuit("default")
    x, wanted = data.behaviours[0].seen[0]
    for i, layer in enumerate(data.net):
        x = layer(x).relu() if i < 4 else layer(x)
    assert torch.isclose(found.whole(), x.softmax(1)[:, wanted].mean(), atol=1e-5)


def test_all_heads_of_the_counterpart_before_the_last_query_give_its_words():
    found, data = circuit("heads")
    everything = torch.ones(1, found.units, dtype=torch.bool)
    off = found.outcome(everything, torch.zeros(1))
    again = found.outcome(everything, torch.zeros(1), frozen=True)
    assert torch.allclose(off, again, atol=1e-5)           # nothing is left to follow


def test_slopes_along_the_way_add_up_to_what_is_lost():
    for setting in ("default", "heads"):
        found, _ = circuit(setting)
        cases = torch.zeros(2, found.units, dtype=torch.bool)
        cases[0, [0, found.units - 1]] = True
        cases[1, 1] = True
        many = 400
        joint = sum(found.slopes(cases, (k - 0.5) / many) for k in range(1, many + 1)) / many
        assert torch.allclose(joint, found.whole() - found.off(cases), atol=2e-3)


def test_what_is_patched_through_a_unit_of_the_first_layer_from_the_last_is_nothing():
    found, _ = circuit("heads")
    late, early = torch.zeros(1, found.units, dtype=torch.bool), torch.zeros(found.units, dtype=torch.bool)
    late[0, -1] = early[0] = True
    assert torch.isclose(found.off(late, through=early)[0], found.whole(), atol=1e-5)
