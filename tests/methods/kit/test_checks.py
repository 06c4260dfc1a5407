"""Every contract check is shown a file that breaks it: a check that cannot fail checks nothing."""

import re

import pytest
from django.core.management import CommandError, call_command

from methods.kit.engine import checks, registry


def failed(arena, method=None, full=False):
    return {r.name: r.message for r in checks.check(arena, method, full=full) if r.status == "failed"}


def test_a_good_arena_and_its_methods_pass(tiny):
    assert [failed("tiny"), failed("tiny", "plain"), failed("tiny", "scaled")] == [{}, {}, {}]


def test_a_good_arena_passes_at_full_scale(tiny):
    assert [failed("tiny", full=True), failed("tiny", "scaled", full=True)] == [{}, {}]


DIRECTION = "        return resized(gradient, self.scale)\n"

BAD_METHODS = {
    "length": ('"""\n\nimport torch', '"""\n' + "\n" * 150 + "import torch", "at most 150"),
    "imports": ("import torch\n", "import torch\nimport django\n", "imports django"),
    "imports rival": ("import torch\n", "import torch\nfrom methods.arenas.tiny.plain import Plain\n", "never a rival"),
    "imports rival module": ("import torch\n", "import torch\nfrom methods.arenas.tiny import plain\n",
                             "never a rival"),
    "imports relative": ("import torch\n", "import torch\nfrom . import plain\n", "relative path"),
    "imports data": ("import torch\n", "import torch\nfrom methods.kit.stage.data import digits\n",
                     "the arena's business"),
    "imports sklearn's data": ("import torch\n", "import torch\nfrom sklearn.datasets import load_digits\n",
                               "imports sklearn.datasets"),
    "imports machinery": ("import torch\n", "import torch\nimport importlib\n", "imports importlib"),
    "imports closed stage": ("import torch\n", "import torch\nfrom methods.arenas.tiny.stage import _data\n",
                             "the arena's business"),
    "reach arena": (DIRECTION, "        from methods.arenas.tiny.arena import Tiny\n        Tiny().data\n" + DIRECTION,
                    "Tiny, the arena itself"),
    "reach data": (DIRECTION, "        from methods.arenas.tiny.arena import digits\n        digits()\n" + DIRECTION,
                   "gets at reads of methods.kit.engine"),
    "banned-calls print": (DIRECTION, "        print(gradient)\n" + DIRECTION, r"print\(\)"),
    "banned-calls cuda": (DIRECTION, "        gradient.cuda\n" + DIRECTION, "gradient.cuda"),
    "banned-calls device": (DIRECTION, "        torch.device\n" + DIRECTION, "torch.device"),
    "banned-calls named": (DIRECTION, "        gradient.to('cpu')\n" + DIRECTION, "'cpu'"),
    "banned-calls seed": (DIRECTION, "        torch.manual_seed(0)\n" + DIRECTION, "torch.manual_seed"),
    "banned-calls generator": (DIRECTION, "        torch.Generator()\n" + DIRECTION, "torch.Generator"),
    "loads class": ("class Scaled(", "class Scale(", "needs a class Scaled"),
    "loads slot": ("class Scaled(TinyMethod)", "class Scaled", "needs a class Scaled"),
    "loads name": ("import torch\n", "import torhc\n", "No module named 'torhc'"),
    "docstring first line": ("Scaled: step along", "Steps along", "must begin with one line"),
    "docstring empty line": ("gradient.\n\n    w", "gradient.\n    w", "empty one"),
    "docstring departure": ("Follows the paper.", "As in the paper.", "the last paragraph"),
    "docstring place": ("Follows the paper.\n", "Follows the paper.\n\nMore words.\n", "the last paragraph"),
    "example": (">>> resized(3.0, scale=0.5)\n1.5\n", "", "no doctest"),
    "doctests": ("\n1.5\n", "\n1.6\n", "1 of 1 examples fail"),
    "card arxiv": ("2001.00001", "arXiv:2001.00001", "arXiv id"),
    "card year": ("2020, arxiv", "20, arxiv", "year"),
    "card covers": ('arxiv="2001.00001"),)', 'arxiv="2001.00001"), Paper("Another paper", 2021))', "covers"),
    "params help": ('"factor on the step"', '"factor"', "does not explain"),
    "params bounds": (", low=0.1, high=2.0", "", "needs low="),
    "claims rival": ('Beats("plain", on="accuracy"', 'Beats("fancy", on="accuracy"', "no method fancy"),
    "claims self": ('Beats("plain", on="accuracy"', 'Beats("scaled", on="accuracy"', "own rival"),
    "claims metric": ('on="accuracy"', 'on="recall"', "no metric recall"),
    "claims setting": ('setting="short"', 'setting="long"', "no setting long"),
    "claims cost": ('Beats("plain", on="accuracy"', '__import__("methods.kit.method").kit.method.Matches("plain", '
                    'within=1.0, cost="beauty", on="accuracy"', "no run records beauty"),
    "reduces-to-names": ('reduces_to=("plain"', 'reduces_to=("fancy"', "fancy"),
    "reduces-to-names values": ('{"scale": 1.0}', '{"scale": 9.0}', "scale must be"),
    "reduces-to": ('{"scale": 1.0}', '{"scale": 1.001}', "it is not plain"),
    "smoke": (DIRECTION, "        return gradient[0, 0, 0]\n", "IndexError.*scaled.py line"),
    "smoke not finite": (DIRECTION, "        return gradient * float('nan')\n", "curve is not finite"),
    "same-seed": (DIRECTION, "        import time\n        return gradient * (1 + time.time() % 1)\n", "differ"),
    "second-run": ("        self.steps = 0\n", "        self.steps = getattr(self, 'steps', 0)\n", None),
    "globals-untouched": (DIRECTION, "        torch.set_default_dtype(torch.float64)\n" + DIRECTION, "default dtype"),
    "globals-untouched random": (DIRECTION, "        __import__('random').random()\n" + DIRECTION, "Python's global"),
    "setting:short": (DIRECTION, "        if self.few: raise KeyError('few')\n" + DIRECTION, "KeyError"),
    "probe:scale=2.0": (DIRECTION, "        if self.scale > 1: raise KeyError('big')\n" + DIRECTION, "KeyError: 'big'"),
    "knob:scale": (DIRECTION, "        return gradient\n", "scale does nothing"),
    "data-unchanged": ("        self.steps = 0\n", "        self.steps = 0\n        data.x[0] += 1\n",
                       "writes into its data"),
}

# what the mutation above needs besides, so that just its own check is at stake
ALSO = {
    "second-run": (DIRECTION, "        return resized(gradient, self.scale) / (1 + (self.steps > 6))\n"),
    "setting:short": ("        self.steps = 0\n", "        self.steps = 0\n        self.few = len(data.x) == 60\n"),
}


@pytest.mark.parametrize("case", BAD_METHODS)
def test_a_bad_method_is_caught(tiny, case):
    old, new, message = BAD_METHODS[case]
    tiny.edit("scaled", old, new)
    if case in ALSO:
        tiny.edit("scaled", *ALSO[case])
    found = failed("tiny", "scaled")
    name = case.split()[0]
    assert name in found, found
    assert re.search(message or "", found[name]), found[name]


def test_a_slow_method_is_caught(tiny, monkeypatch):
    monkeypatch.setattr(checks, "SMOKE_SECONDS", 0.0)
    assert "of processor time, at most 0 s" in failed("tiny", "scaled")["quick"]


def test_a_file_name_that_says_nothing_is_caught(tiny):
    (tiny.folder / "scaled.py").rename(tiny.folder / "utils.py")
    tiny.edit("utils", "class Scaled(", "class Utils(")
    assert "says nothing" in failed("tiny", "utils")["file-name"]


def test_a_waived_check_that_fails_is_waived_with_its_reason(tiny):
    tiny.edit("scaled", DIRECTION, "        return gradient\n")
    tiny.edit("scaled", "waivers={}", 'waivers={"knob:scale": "kept for older callers", "reduces-to": "x"}')
    results = {r.name: (r.status, r.message) for r in checks.check("tiny", "scaled")}
    assert results["knob:scale"] == ("waived", "kept for older callers")
    assert results["reduces-to"][0] == "failed"


@pytest.mark.parametrize(("waivers", "name", "message"), [
    ('{"knob:scale": "no reason"}', "knob:scale", "but it holds: drop the waiver"),
    ('{"knob:tau": "gone"}', "knob:tau", "no such check"),
])
def test_waivers_are_strict(tiny, waivers, name, message):
    tiny.edit("scaled", "waivers={}", f"waivers={waivers}")
    assert message in failed("tiny", "scaled")[name]


def test_a_waiver_of_a_full_check_that_holds_fails_when_that_check_runs(tiny):
    tiny.edit("scaled", "waivers={}", 'waivers={"above-chance": "it guesses"}')
    assert failed("tiny", "scaled") == {}
    assert failed("tiny", "scaled", full=True) == {"above-chance": "waived (it guesses) but it holds: drop the waiver"}


def test_a_method_that_is_meant_to_guess_may_say_so(tiny):
    tiny.edit("scaled", "waivers={}", 'waivers={"above-chance": "it guesses"}')
    tiny.edit("arena", "chance=10", "chance=99.5")
    results = {r.name: (r.status, r.message) for r in checks.check("tiny", "scaled", full=True)}
    assert results["above-chance"] == ("waived", "it guesses")


def test_a_waiver_of_a_full_check_needs_a_reason_too(tiny):
    tiny.edit("scaled", "waivers={}", 'waivers={"above-chance": " "}')
    assert failed("tiny", "scaled") == {"above-chance": "waived without a reason"}


BAD_ARENAS = {
    "loads": ("class Tiny(Arena)", "class Tiny", "exactly one Arena"),
    "text words": ("Sixty images", '"""\nNOTES = """', "docstring must say"),
    "text title": ('    title = "Tiny"\n', '    title = ""\n', "needs a title"),
    "metrics better": ('unit="%", chance', 'unit="%", better="up", chance', "better must be"),
    "metrics ceiling": ("ceiling=100", "ceiling=5", "not better than chance"),
    "metrics ceiling of a setting": ("ceiling=100", 'ceiling=100, chance_in={"short": 101}', "not better than chance"),
    "metrics chance": ("ceiling=100", 'ceiling=100, chance_in={"long": 20}', "chance_in names long, no setting"),
    "metrics name": ('Metric("accuracy"', 'Metric("Top Accuracy"', "not snake_case"),
    "settings first": ('Setting("default", "many steps")', 'Setting("main", "many steps")', "first setting"),
    "settings name": ('Setting("short"', 'Setting("short_run"', "not kebab-case"),
    "settings option": ('{"steps": 2}', '{"stepz": 2}', "stepz is no option"),
    "settings scale": ('{"smoke": Scale(5, 500, {"steps": 6}), ', "{", "scale smoke is missing"),
    "settings scales": ('"full": Scale(5, 500, {"steps": 60}', '"full": Scale(5, 500, {"steps": 60, "x": 1}', "differ"),
    "baseline": ('baseline = "plain"', 'baseline = "fancy"', "no method here"),
    "sources": ("    sources = (DIGITS,)\n", "", "without declaring digits"),
    "data-deterministic": ('trial.numpy("split")', "__import__('numpy').random", "at one seed"),
    "data-deterministic seeds": ('trial.numpy("split").permutation(len(labels))', "range(1797)", "seeds 0 and 1"),
    "smoke:default": ("            trial.record(step + 1, trial.options.steps, loss=loss.item())\n", "", "no point"),
    "smoke:default counts": ("            trial.count(gradients=1)\n", "", "counts nothing"),
    "smoke:default metric": ('return {"accuracy"', 'return {"recall"', "promises the metrics accuracy"),
    "smoke:default offline": ("        images, labels = digits()\n",
                              "        from methods.kit.stage.data import mnist\n"
                              "        images, labels = mnist()[:2]\n",
                              "smoke runs use built-in data only"),
    "smoke:short": ('{"steps": 2}', '{"steps": 6}', "changes neither"),
    "shuffle-labels copy": ("        return replace(data, y=data.y[torch", "        data.y[:] = 0\n"
                            "        return replace(data, y=data.y[torch", "writes into the data"),
    "shuffle-labels": ("return replace(data, y=data.y[torch.randperm(len(data.y), generator=generator)])",
                       "return replace(data)", "changes nothing"),
}


@pytest.mark.parametrize("case", BAD_ARENAS)
def test_a_bad_arena_is_caught(tiny, case):
    old, new, message = BAD_ARENAS[case]
    tiny.edit("arena", old, new)
    found = failed("tiny")
    name = case.split()[0]
    assert name in found, found
    assert re.search(message, found[name]), found[name]


def test_an_arena_that_leaks_labels_is_caught_at_full_scale(tiny):
    tiny.edit("arena", "loss = F.cross_entropy(data.x @ weight, data.y)",
              "loss = F.cross_entropy(data.test_x @ weight, data.test_y)")
    assert "with shuffled labels accuracy is" in failed("tiny", full=True)["shuffled-labels-at-chance:default"]


def test_a_method_at_chance_is_caught_at_full_scale(tiny):
    tiny.edit("arena", "chance=10", "chance=99.5")
    assert "no better than chance" in failed("tiny", "scaled", full=True)["above-chance"]


def test_a_setting_has_its_own_chance_level(tiny):
    tiny.edit("arena", "ceiling=100", 'ceiling=100, chance_in={"short": 50}')
    metric = registry.load_arena("tiny").metrics[0]
    assert [metric.chance_at("default"), metric.chance_at("short")] == [10, 50]


def test_shuffled_labels_are_held_against_the_chance_level_of_the_setting(tiny):
    tiny.edit("arena", "ceiling=100", 'ceiling=100, chance_in={"short": 50}')
    (name, message), = failed("tiny", full=True).items()
    assert name == "shuffled-labels-at-chance:short" and "chance is 50" in message


def test_data_that_is_meant_to_be_the_same_for_every_seed_may_say_so(tiny):
    tiny.edit("arena", 'trial.numpy("split").permutation(len(labels))', "range(1797)")
    tiny.edit("arena", "    def data(self, trial):\n",
              '    def data(self, trial):\n        """The first digits, the same for every seed."""\n')
    assert failed("tiny") == {}


@pytest.mark.parametrize("target", ["tiny/scaled", "{folder}/scaled.py"])
def test_the_command_checks_one_method(tiny, target, capsys):
    call_command("check_method", target.format(folder=tiny.folder))
    out = capsys.readouterr().out
    assert "tiny/scaled" in out and "checks passed" in out and "tiny/plain" not in out


def test_the_command_checks_an_arena_with_its_methods_and_fails_loudly(tiny, capsys):
    tiny.edit("scaled", "Follows the paper.", "As in the paper.")
    with pytest.raises(CommandError, match="1 check failed"):
        call_command("check_method", "tiny")
    out = capsys.readouterr().out
    assert "FAILED  docstring: the last paragraph" in out and "tiny/plain" in out


@pytest.mark.parametrize("target", ["huge", "tiny/huge", "/nowhere/huge.py"])
def test_the_command_says_what_there_is(tiny, target):
    with pytest.raises(CommandError, match="tiny|scaled|not a file"):
        call_command("check_method", target)
