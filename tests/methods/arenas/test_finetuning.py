"""The fine-tuning arena's protocol: what is pretrained, who sees what, what a step costs, what the scores mean."""

import math

import pytest
import torch
import torch.nn.functional as F

from methods.arenas.finetuning.arena import Finetuning, FinetuningMethod, Task, calibration_error, fresh_head
from methods.arenas.finetuning.stage.nets import Net, Sizes, pretrain, shifted, source_pictures, with_cues
from methods.arenas.finetuning.stage.several_runs import between, mean_of
from methods.kit.engine.execute import execute
from methods.kit.engine.registry import load_method
from methods.kit.stage import sentence_encoder

SETTINGS = [setting.name for setting in Finetuning.settings]


def smoke(method, setting="default", seed=0, **params):
    return execute("finetuning", method, params=params, setting=setting, scale="smoke", seed=seed)


def rehearsal(setting="default", seed=3):
    stage = Finetuning()
    trial = stage.trial(scale="smoke", setting=setting, seed=seed)
    return stage, trial, stage.data(trial)


@pytest.mark.parametrize("setting", ["default", "cues", "few-labels", "sentences"])
def test_no_target_picture_is_in_two_parts(setting):
    _, trial, data = rehearsal(setting)
    rows = torch.cat([part[0] for part in (data.train, data.val, data.test)]).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)
    assert torch.bincount(data.train[1]).tolist() == [trial.options.shots] * 10
    assert torch.bincount(data.val[1]).tolist() == [min(trial.options.shots, trial.options.val)] * 10
    assert torch.bincount(data.test[1]).tolist() == [trial.options.tests] * 10


def test_printed_letters_of_the_test_are_not_those_a_method_may_read():
    _, _, data = rehearsal()
    rows = torch.cat([data.source[0], data.letters[0]]).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)
    held = {picture.numpy().tobytes() for picture in data.source[0]}
    assert not held & {picture.numpy().tobytes() for picture in data.context}


def test_the_shifted_texts_are_the_middles_of_the_test_stories():
    _, trial, data = rehearsal("sentences")
    found = sentence_encoder.stories(True, trial.options.length, sentence_encoder.LAYERS - trial.options.layers)
    places = {row.tobytes(): i for i, row in enumerate(found.states)}

    def rows(part):
        return [places[each.numpy().astype("float16").tobytes()] for each in part[0]]

    tested = rows(data.test)
    assert rows(data.shifted) and all(row - 1 in tested for row in rows(data.shifted))
    assert (found.topics[rows(data.shifted)] == data.shifted[1].numpy()).all()


def test_names_of_classes_that_mean_alike_lie_close():
    names = ("the price of crude oil", "petroleum", "a bag of coffee beans")
    oil, petroleum, coffee = sentence_encoder.class_names(names)
    assert oil @ petroleum > oil @ coffee
    torch.testing.assert_close(oil.norm(), torch.tensor(1.0))


def test_pretraining_is_deterministic_and_leaves_global_randomness_alone():
    sizes = Sizes(True, (4, 6, 6), 3, 4, 16, False)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = pretrain(sizes)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    again = pretrain(sizes)
    assert all((first[name] == again[name]).all() for name in first)


def test_pretraining_learns_the_source_and_the_base_is_what_came_before():
    stage, trial, data = rehearsal()
    net, x, y = Net(trial.options.widths, 10), *data.letters

    def loss(state):
        net.load_state_dict(state)
        with torch.no_grad():
            return F.cross_entropy(net.source(x), y).item()
    assert loss(data.start) < loss(data.base)
    assert any(not torch.equal(data.start[name], data.base[name]) for name in data.start if name.startswith("layers"))


def test_self_supervised_starts_from_the_base_with_a_classifier_that_knows_nothing():
    _, _, data = rehearsal("self-supervised")
    assert all(torch.equal(data.start[name], data.base[name]) for name in data.start if name.startswith("layers"))
    assert data.start["head.bias"].abs().sum() == 0
    assert not torch.equal(data.start["head.weight"], data.base["head.weight"])


def test_new_heads_differ_between_seeds():
    state = {"head.weight": torch.zeros(10, 4), "head.bias": torch.ones(10)}
    one, other = (fresh_head(torch.Generator().manual_seed(seed), state)["head.weight"] for seed in (0, 1))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("method", ["full-fine-tuning", "linear-probe", "lp-ft", "model-soups", "model-stock", "levi",
                                    "grafting", "stilts", "dr-tune", "set-fit", "mixout"])
def test_everybody_spends_the_same_gradients(method):
    options = Finetuning.scales["smoke"].options
    assert smoke(method).counts["gradients"] == options["steps"] * options["restarts"]


def test_a_gradient_through_two_batches_costs_two():
    class Twice(FinetuningMethod):
        def loss(self, net, task):
            return super().loss(net, task) + super().loss(net, task)

    stage, trial, data = rehearsal()
    stage.run(Twice(), data, trial)
    assert trial.counts["gradients"] == trial.options.steps * trial.options.restarts
    assert trial.counts["steps"] == trial.options.steps * trial.options.restarts / 2


def test_a_method_is_not_shown_test_pictures():
    _, trial, data = rehearsal()
    task = Task(data, trial, 1e-3, 4, 0)
    hidden = {picture.numpy().tobytes() for part in (data.test, data.shifted, data.source) for picture in part[0]}
    shown = [value for value in vars(task).values() if isinstance(value, torch.Tensor) and value.dim() == 4]
    assert len(shown) == 4
    assert not any(picture.numpy().tobytes() in hidden for pictures in shown for picture in pictures)


def test_restarts_draw_other_batches_and_methods_the_same_ones():
    _, trial, data = rehearsal()
    first, again, other = (Task(data, trial, 1e-3, 4, restart).draw() for restart in (0, 0, 1))
    assert torch.equal(first.x, again.x)
    assert not torch.equal(first.index, other.index)


def test_shuffled_labels_take_the_classifiers_knowledge_too():
    stage, _, data = rehearsal()
    mixed = stage.shuffle_labels(data, torch.Generator().manual_seed(0))
    assert mixed.start["head.weight"].abs().sum() == 0
    assert torch.equal(mixed.start["layers.0.0.weight"], data.start["layers.0.0.weight"])
    assert torch.equal(mixed.train[1].sort().values, data.train[1].sort().values)
    assert not torch.equal(mixed.train[1], data.train[1])
    assert torch.equal(mixed.test[1], data.test[1])


def test_cues_tell_the_class_where_they_are_meant_to_and_nowhere_else():
    y = torch.arange(10).repeat(40)
    x = with_cues(torch.zeros(400, 1, 16, 16), y, ("bottom",), 1.0, torch.Generator().manual_seed(0))
    top, bottom = x[:, 0, :2].flatten(1), x[:, 0, 14:].flatten(1)
    assert all(len(bottom[y == c].unique(dim=0)) == 1 for c in range(10))
    assert all(len(top[y == c].unique(dim=0)) > 3 for c in range(10))
    assert x[:, 0, 2:14].abs().sum() == 0


def test_source_pictures_hold_out_whole_designs():
    x, y, test = source_pictures(small=True)
    assert x.shape[1:] == (1, 16, 16) and 0 <= x.min() and x.max() <= 1
    assert y.max() == 19 and test.float().mean() == pytest.approx(0.2)


def test_shifted_moves_by_whole_pixels():
    x = torch.zeros(64, 1, 16, 16)
    x[:, 0, 8, 8] = 1.0
    moved = shifted(x, 1, torch.Generator().manual_seed(0))
    places = moved.flatten(1).argmax(1)
    assert (moved.sum((1, 2, 3)) == 1).all()
    assert set((places // 16).tolist()) == set((places % 16).tolist()) == {7, 8, 9}


def test_calibration_error_by_hand():
    logits = torch.tensor([[0.8, 0.2], [0.8, 0.2]]).log()          # confidence 0.8 twice, one right
    assert calibration_error(logits, torch.tensor([0, 1])) == pytest.approx(30.0, abs=1e-4)
    assert calibration_error(logits * 100, torch.tensor([0, 0])) == pytest.approx(0.0, abs=1e-4)


def test_balance_is_the_harmonic_mean_and_scores_are_means_over_restarts():
    scores = smoke("full-fine-tuning").scores
    a, b = scores["target_accuracy"], scores["source_accuracy"]
    assert scores["balance"] == pytest.approx(2 * a * b / (a + b))


class Valley(Finetuning):
    """The validation loss of a learning rate is given, and infinite at `broken`."""

    def __init__(self, lowest, broken=()):
        self.lowest, self.broken, self.asked = lowest, broken, []

    def _try(self, method, data, trial, rate):
        self.asked.append(rate)
        if rate in self.broken:
            return math.inf, None
        return abs(math.log(rate / self.lowest)), f"run at {rate}"


@pytest.mark.parametrize(("lowest", "asked"), [
    (3e-3, [1e-3, 3e-3, 1e-2]),
    (1e-4, [1e-3, 3e-3, 1e-2, 3e-4, 1e-4]),
    (1e-1, [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1]),
])
def test_the_walk_over_learning_rates_ends_where_both_neighbours_are_worse(lowest, asked):
    valley = Valley(lowest)
    tried = valley._walk(None, None, valley.trial())
    assert valley.asked == asked
    assert next(iter(tried.items())) == (lowest, (0.0, f"run at {lowest}"))


def test_the_walk_leaves_rates_at_which_training_breaks():
    valley = Valley(1.0, broken=(1e-3, 3e-3, 1e-2))
    rate, (_, run) = next(iter(valley._walk(None, None, valley.trial()).items()))
    assert (rate, run) == (3e-4, "run at 0.0003")


def test_a_run_that_breaks_loses_its_rate_and_at_the_lowest_rate_raises():
    class Breaks(FinetuningMethod):
        def loss(self, net, task):
            return super().loss(net, task) * (float("inf") if task.rate > 1e-3 else 1.0)

    stage, trial, data = rehearsal()
    trial.options.rates = (1e-3, 3e-3)
    assert stage._try(Breaks(), data, trial, 3e-3) == (math.inf, None)
    stage.run(Breaks(), data, trial)
    assert trial.counts["learning_rate"] == 1e-3
    trial.options.rates = (3e-3,)
    with pytest.raises(FloatingPointError, match="learning rate 0.003"):
        stage.run(Breaks(), data, trial)


def test_the_first_restart_is_the_run_that_was_chosen_and_tries_cost_no_budget():
    stage, trial, data = rehearsal()
    trial.options.rates = (1e-3, 3e-3, 1e-2)
    method = load_method("finetuning", "full-fine-tuning")
    stage.run(method(), data, trial)
    again = stage._fit(method(), data, trial, trial.counts["learning_rate"], 0)
    assert [point["loss"] for point in trial.curve] == [point["loss"] for point in again.curve]
    assert trial.counts["gradients"] == trial.options.steps * trial.options.restarts
    assert trial.counts["rates_tried"] in (2, 3)


def test_averages_of_weights():
    a, b = {"w": torch.tensor([1.0, 3.0])}, {"w": torch.tensor([3.0, 5.0])}
    assert mean_of([a, b])["w"].tolist() == [2.0, 4.0]
    assert between(a, b, 1.0)["w"].tolist() == [1.0, 3.0]


def test_frozen_layers_stay_and_wise_ft_at_zero_is_the_start():
    stage, trial, data = rehearsal()
    probe = stage._fit(load_method("finetuning", "linear-probe")(), data, trial, 1e-2, 0).model
    assert torch.equal(probe.layers[0][0].weight, data.start["layers.0.0.weight"])
    assert not torch.equal(probe.head.weight, data.start["head.weight"])
    assert stage._fit(load_method("finetuning", "linear-probe")(), data, trial, 1e-2, 0).trained == 10 * 24 + 10
    wise = stage._fit(load_method("finetuning", "wise-ft")(alpha=0.0), data, trial, 1e-2, 0).model
    assert all(torch.equal(value, data.start[name]) for name, value in wise.state_dict().items())


def test_several_runs_start_alike_and_end_apart():
    stage, trial, data = rehearsal()
    method = load_method("finetuning", "model-soups")(many=3)
    stage._fit(method, data, trial, 1e-2, 0)
    first, second, third = (member["head.weight"] for member in method.members)
    assert not torch.equal(first, second) and not torch.equal(second, third)
    assert all(torch.equal(method.initial[name], data.start[name]) for name in data.start)


def test_model_stock_trusts_agreement_and_not_chance():
    from methods.arenas.finetuning.model_stock import stock
    start, change = torch.zeros(4), torch.tensor([1.0, 2.0, 0.0, 0.0])
    assert torch.allclose(stock(torch.stack([change, change]), start), change)
    assert torch.allclose(stock(torch.stack([change, change.flip(0)]), start), start)


def test_a_graft_changes_only_its_region():
    stage, trial, data = rehearsal()
    method = load_method("finetuning", "grafting")(region=0.05, rate=1.0)
    model = stage._fit(method, data, trial, 1e-2, 0).model
    changed = sum(int((value != data.start[name]).sum()) for name, value in model.state_dict().items())
    total = sum(value.numel() for value in data.start.values())
    assert 0 < changed <= 0.06 * total


def test_re_adapt_gets_no_classifier_of_digits_where_it_is_forgotten():
    stage, trial, data = rehearsal("new-head")
    net, method = Net(trial.options.widths, 10), load_method("finetuning", "re-adapt")()
    net.load_state_dict(data.start)
    method.prepare(net, Task(data, trial, 1e-3, 4, 0))
    assert torch.equal(net.head.weight, data.start["head.weight"])
    assert torch.equal(net.layers[0][0].weight, data.base["layers.0.0.weight"])


def test_spider_puts_weights_back_where_the_pretrained_model_needs_them():
    stage, trial, data = rehearsal()
    model = stage._fit(load_method("finetuning", "spider")(), data, trial, 1e-2, 0).model
    kept = (model.layers[2][0].weight == data.start["layers.2.0.weight"]).float().mean()
    assert 0.1 < kept < 0.9


def test_sense_tuning_touches_the_chosen_columns_and_stops_at_its_bound():
    stage, trial, data = rehearsal()
    method = load_method("finetuning", "sense-finetuning")(senses=3)
    model = stage._fit(method, data, trial, 1e-2, 0).model
    assert int((model.head.weight != data.start["head.weight"]).any(0).sum()) == 3
    tight = load_method("finetuning", "sense-finetuning")(senses=3, bound=0.001)
    model = stage._fit(tight, data, trial, 0.3, 0).model
    drift = F.kl_div(model.head(tight.features).log_softmax(1), tight.answers, log_target=True, reduction="batchmean")
    assert drift <= 0.001
