import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from methods.kit.engine.archives import DataUnavailable
from methods.kit.stage import rendered
from methods.kit.stage.rendered import CHARACTERS, FONT_STYLES
from methods.kit.stage.sources import EMOJI_STYLES, FONTS

NAMES = {"😀": {"name": "grinning face", "group": "Smileys & Emotion"},
         "🍎": {"name": "red apple", "group": "Food & Drink"},
         "🐈": {"name": "cat", "group": "Animals & Nature"}}


def zipped(path: Path, name: str, content: dict) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, json.dumps(content))
    return path


def square(colour: str) -> dict:
    return {"body": f'<path fill="{colour}" d="M0 0h8v16H0z"/>'}


def test_emoji_that_every_style_draws_are_rendered_on_white(tmp_path):
    pytest.importorskip("resvg_py", reason="emoji are drawn with resvg-py")
    names = zipped(tmp_path / "names.zip", "package/data-by-emoji.json", NAMES)
    styles = {}
    for i, style in enumerate(EMOJI_STYLES):
        icons = {"grinning-face": square("#ff0000"), "cat": square("#0000ff")}
        icons |= {"red-apple": square("#00ff00")} if i else {}  # one style lacks the apple
        drawings = {"icons": icons, "width": 16, "height": 16}
        styles[style] = zipped(tmp_path / f"{style}.zip", "package/icons.json", drawings)
    arrays = rendered._decode_emoji(16, names, styles)
    assert list(rendered.Texts.unpack(arrays, "names")) == ["cat", "grinning face"]
    assert list(rendered.Texts.unpack(arrays, "group_names")) == ["Animals & Nature", "Smileys & Emotion"]
    assert arrays["groups"].tolist() == [0, 1]
    for style in EMOJI_STYLES:
        assert arrays[style].shape == (2, 16, 16, 3) and arrays[style].dtype == np.uint8
        assert arrays[style][0, 8, 2].tolist() == [0, 0, 255] and arrays[style][0, 8, 13].tolist() == [255, 255, 255]


def test_a_missing_renderer_is_said_with_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(DataUnavailable, match="pip install resvg-py"):
        rendered._draw({"icons": {"cat": square("red")}}, "cat", 16)


@pytest.fixture(scope="module")
def font() -> bytes:
    """A typeface that matplotlib carries."""
    package = find_spec("matplotlib").submodule_search_locations[0]
    return (Path(package) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf").read_bytes()


def test_letters_are_distinct_and_centred(font):
    letters = rendered._letters(font, 32)
    assert letters.shape == (len(CHARACTERS), 32, 32) and len({letter.tobytes() for letter in letters}) == 62
    for letter in letters:
        rows, columns = np.nonzero(letter > 128)
        for places in (rows, columns):
            assert abs((places.min() + places.max()) / 2 - 15.5) <= 1.5


def test_glyphs_take_regular_bold_and_italic_of_every_family(tmp_path, font):
    paths = []
    for i, (_, source) in enumerate(FONTS):
        slug = source.package.removeprefix("@fontsource/")
        paths.append(tmp_path / f"{slug}.zip")
        with zipfile.ZipFile(paths[-1], "w") as archive:
            archive.writestr(f"package/files/{slug}-latin-400-normal.woff", font)
            archive.writestr(f"package/files/{slug}-greek-400-normal.woff", b"not read")
            archive.writestr(f"package/files/{slug}-latin-300-normal.woff", b"not read")
            if i == 0:
                archive.writestr(f"package/files/{slug}-latin-700-italic.woff", font)
    arrays = rendered._decode_glyphs(8, tuple(paths))
    assert arrays["images"].shape == (len(FONTS) + 1, 62, 8, 8)
    assert arrays["families"].tolist() == [0, *range(len(FONTS))]
    assert [FONT_STYLES[style] for style in arrays["styles"][1:]] == [style for style, _ in FONTS]
