"""A figure as a file of its own: SVG that needs no page, PNG made of it, CSV of its numbers.

Colours are those of the page's light rules, written on each element: a style sheet inside the file would be refused by
this site's own security policy, and several programs that draw SVG know none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from textwrap import wrap
from urllib.parse import urljoin
from xml.etree import ElementTree

from django.conf import settings

from evaluations.figures.figure import Figure, FigureError
from evaluations.tables.renderers import csv
from evaluations.tables.table import Field

FORMATS = {"svg": "image/svg+xml", "png": "image/png", "csv": csv.MEDIA_TYPE}
FAMILIES = ("DejaVu Sans", "Liberation Sans", "Noto Sans", "Arial", "Helvetica")
FONT = "system-ui, DejaVu Sans, sans-serif"
HEAD, LINE, LETTERS = 30, 15, 112  # height over the drawing, of a line below it, and letters of that line
TITLE_LINE, TITLE_LETTERS = 18, 78
ZOOM = 2

_RULE = re.compile(r"^\.plot (\.?[\w-]+) \{([^}]*)\}", re.M)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # may stand in HTML, not in XML
_VARIABLE = re.compile(r"(--[\w-]+): ([^;]+);")


def contents(figure: Figure, form: str, address: str) -> bytes:
    """The file in this form, with the figure's own address in it. Raises FigureError for a form there is not."""
    if form == "csv":
        return csv_of(figure, address)
    if form == "svg":
        return svg_of(figure, address)
    if form == "png":
        return png_of(figure, address)
    raise FigureError(f"there is no format {form}; there are {', '.join(FORMATS)}")


def csv_of(figure: Figure, address: str) -> bytes:
    """One line for each mark, in full precision; the last column names the figure."""
    fields = (*figure.fields, Field("figure", "Figure", str))
    return "".join(csv.lines(fields, ({**record, "figure": address} for record in figure.records))).encode()


def svg_of(figure: Figure, address: str) -> bytes:
    """Title, drawing, how to read it and its address, in colours of its own on white."""
    drawing = ElementTree.fromstring(_NO_XML.sub(" ", figure.drawing))
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    colours = _colours()
    said = [*wrap(figure.caption, LETTERS), *wrap(address, LETTERS)]
    titles = wrap(figure.title, TITLE_LETTERS)
    head = HEAD + TITLE_LINE * (len(titles) - 1)
    whole = head + height + 10 + LINE * len(said) + 8
    root = ElementTree.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width:g} {whole:g}", "width": f"{width:g}",
        "height": f"{whole:g}", "font-family": FONT, "font-size": "12", "role": drawing.get("role", "img"),
        "aria-labelledby": drawing.get("aria-labelledby", "")})
    ElementTree.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": colours["--raised"]})
    for place, line in enumerate(titles):
        _written(root, line, 20 + TITLE_LINE * place, "14", colours["--ink"]).set("font-weight", "700")
    group = ElementTree.SubElement(root, "g", {"transform": f"translate(0 {head})"})
    group.extend(drawing)
    for element in group.iter():
        _dress(element)
        if (href := element.get("href")) is not None:
            element.set("href", urljoin(address, href))
            element.attrib.pop("tabindex", None)
    for place, line in enumerate(said):
        _written(root, line, head + height + 10 + LINE * (place + 1), "11", colours["--soft"])
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _written(root: ElementTree.Element, line: str, y: float, size: str, colour: str) -> ElementTree.Element:
    text = ElementTree.SubElement(root, "text", {"x": "12", "y": f"{y:g}", "font-size": size, "fill": colour})
    text.text = line
    return text


def png_of(figure: Figure, address: str) -> bytes:
    """The same as pixels, at twice the size."""
    import resvg_py  # only here: what draws is not needed to serve pages
    family = _family()
    if not family:
        raise FigureError(f"there is no font on this server to draw text with: install one of {', '.join(FAMILIES)} "
                          "there, or take the SVG")
    return bytes(resvg_py.svg_to_bytes(svg_string=svg_of(figure, address).decode().replace(FONT, family), zoom=ZOOM))


@cache
def _family() -> str:
    """The first font with which letters come out, since without one they are left out in silence; "" for none."""
    import resvg_py

    def drawn(word: str, family: str) -> bytes:
        return bytes(resvg_py.svg_to_bytes(
            svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="15" '
                       f'font-family="{family}">{word}</text></svg>'))
    return next((family for family in FAMILIES if drawn("W", family) != drawn("", family)), "")


def _dress(element: ElementTree.Element) -> None:
    """Its rules as attributes; what is already written on it (dashes, weight) stays."""
    rules, found = _rules(), dict(_rules().get(element.tag, {}))
    classes = element.attrib.pop("class", "").split()
    for name, rule in rules.items():  # in the order of the sheet, the later one wins
        if name.startswith(".") and name[1:] in classes:
            found |= rule
    for name, value in found.items():
        if element.get(name) is None:
            element.set(name, value)


@cache
def _colours() -> Mapping[str, str]:
    """The light ones: those of the first `:root` of the site's sheet."""
    sheet = (settings.BASE_DIR / "static" / "app.css").read_text("utf-8")
    return dict(_VARIABLE.findall(sheet.partition(":root {")[2].partition("}")[0]))


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    """Attributes by tag or class of the sheet of figures."""
    sheet = (settings.BASE_DIR / "static" / "figures.css").read_text("utf-8")
    found = {}
    for name, body in _RULE.findall(sheet):
        pairs = [pair.split(":", 1) for pair in body.split(";") if ":" in pair]
        found[name] = {key.strip(): re.sub(r"var\((--[\w-]+)\)", lambda of: _colours()[of[1]], value).strip()
                       for key, value in pairs}
    return found
