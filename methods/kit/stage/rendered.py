"""Images rendered from vector drawings: the same emoji in four styles, and letters in many typefaces.

Both are real domain shifts: one concept, drawn by different hands.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from methods.kit.engine.archives import DataUnavailable, Progress, decoded, read_members, reads
from methods.kit.stage.data import Texts
from methods.kit.stage.sources import EMOJI_NAMES, EMOJI_STYLES, FONTS

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
FONT_STYLES = ("sans-serif", "serif", "monospace", "handwriting", "display")


class Emoji(NamedTuple):
    """`images[style]` is (N, size, size, 3) uint8 on white; row i is the same concept in every style.

    `names` are the N concepts' Unicode names; `groups` (N,) int64 index `group_names`.
    """

    images: dict[str, np.ndarray]
    names: list[str]
    groups: np.ndarray
    group_names: list[str]


class Glyphs(NamedTuple):
    """`images` (F, 62, size, size) uint8, white on black: F fonts, each with all of CHARACTERS in that order.

    `families` (F,) int64 index `family_names`; fonts of a family are weights and slopes of one design, so split
    by family. `styles` (F,) int64 index FONT_STYLES.
    """

    images: np.ndarray
    families: np.ndarray
    family_names: list[str]
    styles: np.ndarray


@reads(EMOJI_NAMES, *EMOJI_STYLES.values())
def emoji(size: int = 32, on_progress: Progress | None = None) -> Emoji:
    """Emoji that all of EMOJI_STYLES draw, at `size` pixels. Skin tones and hair are left out (near copies)."""
    def decode(names: Path, *styles: Path) -> dict[str, np.ndarray]:
        return _decode_emoji(size, names, dict(zip(EMOJI_STYLES, styles, strict=True)))

    arrays = decoded(f"emoji-{size}", 1, (EMOJI_NAMES, *EMOJI_STYLES.values()), decode, on_progress)
    return Emoji({style: arrays[style] for style in EMOJI_STYLES}, list(Texts.unpack(arrays, "names")),
                 arrays["groups"], list(Texts.unpack(arrays, "group_names")))


def _decode_emoji(size: int, names: Path, styles: dict[str, Path]) -> dict[str, np.ndarray]:
    (_, listing), = read_members(names, "*/data-by-emoji.json")
    known = {_slug(row["name"]): row for row in json.loads(listing).values()}
    drawings = {}
    for style, path in styles.items():
        (_, content), = read_members(path, "package/icons.json")
        drawings[style] = json.loads(content)
    shared = sorted(set(known).intersection(*(drawing["icons"] for drawing in drawings.values())))
    groups = sorted({known[slug]["group"] for slug in shared})
    return {**{style: np.stack([_draw(drawing, slug, size) for slug in shared])
               for style, drawing in drawings.items()},
            "groups": np.array([groups.index(known[slug]["group"]) for slug in shared], np.int64),
            **Texts.pack([known[slug]["name"] for slug in shared], "names"), **Texts.pack(groups, "group_names")}


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("’", "").replace("'", "")).strip("-")


def _draw(drawings: dict, slug: str, size: int) -> np.ndarray:
    """(size, size, 3) uint8 of one SVG body on white."""
    from PIL import Image
    try:
        import resvg_py
    except ImportError:
        raise DataUnavailable("emoji are drawn with resvg-py, which is not installed: "
                              "run `pip install resvg-py`") from None
    icon = drawings["icons"][slug]
    width, height = (icon.get(side, drawings.get(side, 16)) for side in ("width", "height"))
    box = f'{icon.get("left", 0)} {icon.get("top", 0)} {width} {height}'
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
           f'width="{width}" height="{height}" viewBox="{box}">{icon["body"]}</svg>')
    drawn = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size))))
    drawn = drawn.convert("RGBA").resize((size, size))  # type: ignore[assignment]  # both are images
    return np.asarray(Image.alpha_composite(Image.new("RGBA", (size, size), "white"), drawn).convert("RGB"))


@reads(*(source for _, source in FONTS))
def glyphs(size: int = 32, on_progress: Progress | None = None) -> Glyphs:
    """Letters and digits in regular, bold and italic fonts of FONTS, centred at three quarters of `size` pixels."""
    def decode(*paths: Path) -> dict[str, np.ndarray]:
        return _decode_glyphs(size, paths)

    sources = tuple(source for _, source in FONTS)
    arrays = decoded(f"glyphs-{size}", 1, sources, decode, on_progress)
    return Glyphs(arrays["images"], arrays["families"], [source.title.removesuffix(" typeface") for source in sources],
                  arrays["styles"])


def _decode_glyphs(size: int, paths: tuple[Path, ...]) -> dict[str, np.ndarray]:
    images, families, styles = [], [], []
    for family, (path, (style, _)) in enumerate(zip(paths, FONTS, strict=True)):
        for _, content in sorted(read_members(path, *(f"*-latin-{weight}-{slope}.woff" for weight in (400, 700)
                                                      for slope in ("normal", "italic")))):
            images.append(_letters(content, size))
            families.append(family)
            styles.append(FONT_STYLES.index(style))
    return {"images": np.stack(images), "families": np.array(families, np.int64), "styles": np.array(styles, np.int64)}


def _letters(font: bytes, size: int) -> np.ndarray:
    """(62, size, size) uint8"""
    from PIL import Image, ImageDraw, ImageFont

    face = ImageFont.truetype(io.BytesIO(font), size * 3 // 4)
    drawn = []
    for character in CHARACTERS:
        image = Image.new("L", (size, size))
        pen = ImageDraw.Draw(image)
        left, top, right, bottom = pen.textbbox((0, 0), character, font=face)
        pen.text(((size - right + left) // 2 - left, (size - bottom + top) // 2 - top), character, font=face, fill=255)
        drawn.append(np.asarray(image))
    return np.stack(drawn)
