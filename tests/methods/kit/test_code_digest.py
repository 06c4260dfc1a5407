import shutil
import sys

import pytest

from methods.kit.engine import code_digest as digests
from methods.kit.engine import registry
from methods.kit.engine.code_digest import essence, forget, run_digests


@pytest.fixture
def kit(tmp_path, monkeypatch):
    """A copy of the kit whose files may be edited; the running kit stays the real one."""
    folder = tmp_path / "kit"
    shutil.copytree(digests.KIT, folder)
    monkeypatch.setattr(digests, "KIT", folder)
    yield folder
    forget()


def digest(tiny, slug="scaled", run="default/full"):
    forget()
    for name in [name for name in sys.modules if name.startswith("methods.arenas.")]:
        del sys.modules[name]
    return run_digests(registry.load_method("tiny", slug), registry.load_arena("tiny"))[run]


WORDS = [
    ("scaled", "step along a scaled gradient", "go along a gradient that was scaled"),
    ("scaled", "import torch\n", "import torch  # for later\n\n"),
    ("scaled", 'title="Scaled steps"', 'title="Steps, scaled"'),
    ("scaled", 'claims=(Beats("plain", on="accuracy", setting="short"),)', "claims=()"),
    ("scaled", "import Beats, Card, Paper", "import Beats, Card, Matches, Paper"),
    ("scaled", "    def prepare(self, data):\n", '    def prepare(self, data):\n        """Starts."""\n'),
    ("scaled", "    scale: float = param(0.5, ", "    scale: float = param(\n        0.5, "),
    ("scaled", "def resized(step, scale):", "def resized(step: dict[str, int], scale: float) -> float:"),
    ("arena", "    def run(self, method, data, trial):\n",
     "    def run(self, method: TinyMethod,\n            data, trial) -> dict[str,\n         float]:\n"),
    ("arena", "rows = trial", "rows: torch.Tensor = trial"),
    ("arena", "\n\n@dataclass",
     "\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from torch import Tensor\n\n\n@dataclass"),
    ("arena", "Sixty images are used", "Three score images are used"),
    ("arena", 'title = "Tiny"', 'title = "Little"'),
    ("arena", 'Metric("accuracy", "Accuracy"', 'Metric("accuracy", "Share named rightly"'),
]


@pytest.mark.parametrize(("stem", "old", "new"), WORDS)
def test_words_and_layout_do_not_count(tiny, stem, old, new):
    before = digest(tiny)
    tiny.edit(stem, old, new)
    assert digest(tiny) == before


CODE = [
    ("scaled", "return step * scale", "return step / scale"),
    ("scaled", "param(0.5, ", "param(0.6, "),
    ("scaled", "self.steps = 0", "self.steps = '0'"),
    ("arena", "weight -= 0.5", "weight -= 0.4"),
    ("arena", '"full": Scale(5, 500, {"steps": 60})', '"full": Scale(5, 500, {"steps": 61})'),
    ("arena", 'Setting("default", "many steps")', 'Setting("default", "many steps", {"steps": 61})'),
    ("arena", "import torch.nn.functional as F", "import torch.special as F"),
]


@pytest.mark.parametrize(("stem", "old", "new"), CODE)
def test_code_counts(tiny, stem, old, new):
    before = digest(tiny)
    tiny.edit(stem, old, new)
    assert digest(tiny) != before


RUNS = {"default/smoke", "default/full", "short/smoke", "short/full"}
EDITS = {  # edit of the arena: the runs that change
    "a setting's option": ('{"steps": 2}', '{"steps": 3}', {"short/smoke", "short/full"}),
    "a scale's option": ('Scale(5, 500, {"steps": 60})', 'Scale(5, 500, {"steps": 50})', {"default/full"}),
    "a scale's limits": ('"full": Scale(5, 500, ', '"full": Scale(9, 900, ', set()),
    "a setting's words": ('"few steps"', '"hardly any steps"', set()),
    "a new setting": ('{"steps": 2}))', '{"steps": 2}), Setting("long", "more steps", {"steps": 99}))', set()),
    "a new scale": ('"full": Scale(', '"gpu": Scale(9, 9000, {"steps": 600}), "full": Scale(', set()),
    "a metric's words": ('ceiling=100)', 'ceiling=100, help="of the test pictures")', set()),
    "a list in place of a tuple": ("metrics = (Metric", "checks = ()\n    metrics = (Metric", set()),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_arena_s_edit_makes_stale_only_what_it_touches(tiny, edit):
    old, new, changed = EDITS[edit]
    before = {run: digest(tiny, run=run) for run in RUNS}
    tiny.edit("arena", old, new)
    assert {run for run in RUNS if digest(tiny, run=run) != before[run]} == changed


def with_stage(tiny, name="counting", plus="1"):
    (tiny.folder / "stage").mkdir(exist_ok=True)
    for file in (tiny.folder / "stage").glob("*.py"):
        file.unlink()
    (tiny.folder / "stage" / "__init__.py").write_text("")
    (tiny.folder / "stage" / f"{name}.py").write_text(
        f"STEP = {plus}\nOTHER = 5\n\n\ndef following(step):\n    return step + STEP\n\n\ndef unused():\n"
        "    return OTHER\n")


def test_the_stage_counts_and_its_module_s_name_does_not(tiny):
    tiny.edit("arena", "from methods.kit.method import Method",
              "from methods.kit.method import Method\nfrom methods.arenas.tiny.stage.counting import following")
    tiny.edit("arena", "trial.record(step + 1,", "trial.record(following(step),")
    with_stage(tiny)
    before = digest(tiny)
    with_stage(tiny, plus="2")
    assert digest(tiny) != before
    with_stage(tiny, name="numbering")
    tiny.edit("arena", "tiny.stage.counting", "tiny.stage.numbering")
    assert digest(tiny) == before
    stage = tiny.folder / "stage" / "numbering.py"
    replace(stage, "OTHER = 5", "OTHER = 6")
    assert digest(tiny) == before
    replace(stage, "OTHER = 6", "print('imported')")
    assert digest(tiny) != before                     # what an import does counts


def test_a_definition_may_move_from_the_arena_to_its_stage(tiny):
    tiny.edit("arena", "class Tiny(Arena):", "def following(step):\n    return step + 1\n\n\nclass Tiny(Arena):")
    tiny.edit("arena", "trial.record(step + 1,", "trial.record(following(step),")
    before = digest(tiny)
    tiny.edit("arena", "def following(step):\n    return step + 1\n\n\n",
              "from methods.arenas.tiny.stage.counting import following\n")
    with_stage(tiny)
    replace(tiny.folder / "stage" / "counting.py", "step + STEP", "step + 1")
    assert digest(tiny) == before


def test_an_option_must_be_plain_data(tiny):
    tiny.edit("arena", '{"steps": 2}', '{"steps": len}')
    with pytest.raises(TypeError, match="plain data, not builtin"):
        digest(tiny)


def test_a_rival_does_not_count(tiny):
    before = digest(tiny)
    tiny.edit("plain", "return gradient", "return 2 * gradient")
    assert digest(tiny) == before


def replace(path, old, new):
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(("module", "old", "new"), [
    ("stage/data", "np.float32(16)", "np.float32(17)"),
    ("stage/seeding", ">> 1", ">> 2"),
    ("stage/arena", "with seeded(trial.seed", "with seeded(1 + trial.seed"),
    ("params", "value = float(value)", "value = 2 * float(value)"),
])
def test_kit_code_that_is_used_counts(tiny, kit, module, old, new):
    before = digest(tiny)
    replace(kit / f"{module}.py", old, new)
    assert digest(tiny) != before


@pytest.mark.parametrize(("module", "old", "new"), [
    ("stage/data", "np.rint(images * 255)", "np.floor(images * 255)"),
    ("training", "order[size:]", "order[1:]"),
    ("engine/archives", "STALLED_SECONDS = 120.0", "STALLED_SECONDS = 60.0"),
    ("method", "better {metric} than", "more {metric} than"),
])
def test_kit_code_that_is_not_used_does_not_count(tiny, kit, module, old, new):
    before = digest(tiny)
    replace(kit / f"{module}.py", old, new)
    assert digest(tiny) == before


def test_a_new_data_set_does_not_count(tiny, kit):
    before = digest(tiny)
    sources = kit / "stage" / "sources.py"
    sources.write_text(sources.read_text() + '\n\nEXTRA = Source("extra", "Another data set", "CC0")\n')
    assert digest(tiny) == before


def test_a_kit_module_used_as_a_whole_name_is_followed_to_what_is_used(tiny, kit):
    tiny.edit("arena", "from methods.kit.stage.data import DIGITS, digits",
              "from methods.kit.stage import data as datasets")
    tiny.edit("arena", "images, labels = digits()", "images, labels = datasets.digits()")
    tiny.edit("arena", "sources = (DIGITS,)", "sources = (datasets.DIGITS,)")
    before = digest(tiny)
    replace(kit / "stage" / "data.py", "np.rint(images * 255)", "np.floor(images * 255)")
    assert digest(tiny) == before
    replace(kit / "stage" / "data.py", "np.float32(16)", "np.float32(17)")
    assert digest(tiny) != before


def test_essence_keeps_strings_that_are_values_and_drops_those_that_are_docstrings():
    assert essence('def f():\n    """Words."""\n    return "value"  # why\n') == 'deff():;{return"value";}'
    assert essence('x = "value"\n') != essence('x = "other"\n')
    assert essence("if a:\n    b()\nc()\n") != essence("if a:\n    b()\n    c()\n")


def test_essence_of_a_formatted_string_is_the_same_on_every_python():
    assert essence('x = f"a {{b}} { c + d :>{ w }.2f}" + rf"{a!r}"\n') == 'x=f"a{b}{c+d:>{w}.2f}"+rf"{a!r}";'
