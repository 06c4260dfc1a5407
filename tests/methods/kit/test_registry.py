import pytest

from methods.kit.engine import registry
from methods.kit.engine.registry import DiscoveryError, discover, load_arena, load_method


def test_the_folder_is_the_registry(tiny):
    found = discover()
    assert list(found) == ["tiny"] and list(found["tiny"].methods) == ["plain", "scaled"]
    assert found["tiny"].arena.slug() == "tiny" and found["tiny"].methods["scaled"].slug() == "scaled"


def test_one_new_file_adds_a_method(tiny):
    tiny.write("half_step", (tiny.folder / "scaled.py").read_text().replace("class Scaled", "class HalfStep"))
    assert load_method("tiny", "half-step").__name__ == "HalfStep"


def test_a_file_that_does_not_import_stops_discovery_with_its_name(tiny):
    tiny.write("broken", "import nothing_of_this_name\n")
    with pytest.raises(DiscoveryError, match=r"tiny/broken\.py, line 1: ModuleNotFoundError: No module"):
        discover()


def test_a_class_without_a_card_is_named(tiny):
    tiny.write("cardless", (tiny.folder / "plain.py").read_text().replace("class Plain", "class Cardless"))
    tiny.edit("cardless", '    card = Card(title="Plain gradient steps")\n', "")
    with pytest.raises(DiscoveryError, match="Cardless has no card"):
        discover()


def test_unknown_names_say_what_there_is(tiny):
    with pytest.raises(KeyError, match="no arena huge; there are tiny"):
        load_arena("huge")
    with pytest.raises(KeyError, match="no method huge in tiny"):
        load_method("tiny", "huge")


def test_class_names_follow_file_names():
    assert [registry.class_name(stem) for stem in ("sam", "focal_loss", "evonorm_b0")] == \
        ["Sam", "FocalLoss", "EvonormB0"]
