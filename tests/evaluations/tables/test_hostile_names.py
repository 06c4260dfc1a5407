"""Names that try to be a formula, a command, a link or a tag, in every format that leaves the house."""

import csv
import io
import json
from xml.etree import ElementTree

import openpyxl
import pytest
from django.urls import reverse

from evaluations.claims.verdicts import update_verdicts
from evaluations.ledger.ledger import LedgerState, ledger
from evaluations.tables.build import build_table
from evaluations.tables.renderers import csv as csv_renderer
from evaluations.tables.renderers import xlsx
from evaluations.tables.renderers.registry import formats, render
from papers.models import Paper
from tests.evaluations.claims.test_verdicts import claim_beats
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method
from tests.papers.test_tex import check_harmless

pytestmark = pytest.mark.django_db

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "=cmd|' /C calc'!A0"]
NAMES = [*FORMULAS, "[x](javascript:alert(1))", "a | b", "<script>alert(1)</script>", '"><svg onload=alert(1)>',
         r"\input{/etc/passwd}", r"\write18{ls}", "}{", "50% & $x_1$ #2", "![x](http://a.test/i.png)", "`code`"]


@pytest.fixture
def arena():
    arena = make_arena()
    add_runs(make_method(arena, "plain"), {"accuracy": draws(50, seed=1), "error": [1.0] * 6})
    for number, name in enumerate(NAMES):
        method = make_method(arena, f"m{number}", title=name)
        add_runs(method, {"accuracy": draws(51 + number, seed=number), "error": [1.0] * 6})
        claim_beats(method)
    update_verdicts(arena=arena)
    return arena


def sheets(contents: bytes):
    return openpyxl.load_workbook(io.BytesIO(contents)).worksheets


def test_no_cell_of_a_spreadsheet_is_a_formula(arena):
    for tabular in (build_table(arena), ledger(LedgerState())):
        rows = list(csv.reader(io.StringIO(csv_renderer.render(tabular).decode(), newline="")))
        cells = [cell for row in rows for cell in row]
        assert len(rows) > len(NAMES) and "'=1+1" in cells and "'\t=1" in cells
        for cell in cells:
            assert not cell.startswith(("=", "@", "\t", "\r", "\n", "＝")), cell
            if cell.startswith(("+", "-")):
                float(cell)
        assert all(cell.data_type != "f" for sheet in sheets(xlsx.render(tabular)) for row in sheet.iter_rows()
                   for cell in row)


def test_latex_runs_no_command_and_keeps_its_columns(arena):
    table = build_table(arena)
    body = render(table, "latex")[0].decode().split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = body.strip().splitlines()
    assert len(lines) == len(table.rows)
    for line in lines:
        cells = line.removesuffix(r" \\").split(" & ")
        assert len(cells) == len(table.headings())
        check_harmless(cells[0])


def test_markdown_has_no_link_no_tag_and_as_many_columns(arena):
    table = build_table(arena)
    lines = [line for line in render(table, "markdown")[0].decode().splitlines() if line.startswith("| ")]
    assert len(lines) == len(table.rows) + 2
    for line in lines:
        bare = line.replace("\\\\", "").replace("\\|", "").replace("\\[", "").replace("\\<", "").replace("\\`", "")
        assert bare.count("|") == len(table.headings()) + 1
        assert not set("[<`") & set(bare)


def test_text_formats_still_parse(arena):
    import yaml
    table = build_table(arena)
    for name in formats():
        contents = render(table, name)[0]
        if name == "json":
            assert {record["title"] for record in json.loads(contents)["records"]} >= set(NAMES)
        if name == "model_index":
            assert len(yaml.safe_load(contents)["model-index"]) == len(table.rows)


def test_pages_feeds_and_badges_show_names_as_text(client, arena):
    paper = Paper.objects.create(title=NAMES[13], title_key="k", authors=[NAMES[12]], year=2020,
                                 urls=["javascript:alert(1)"])
    for address in ("/arenas/sorting/", "/arenas/sorting/statistics/", "/claims/", "/compare/", "/methods/",
                    f"/papers/{paper.pk}/"):
        html = client.get(address).content.decode()
        assert "alert(1)" in html or address == "/compare/", address
        assert "<script>alert" not in html and "<svg onload" not in html and 'href="javascript' not in html, address
    for address in ("/claims/feed/", reverse("paper_feed"), reverse("badge_method", args=["sorting", "m12"])):
        answer = client.get(address)
        assert answer.status_code == 200, address
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(answer.content).iter()}
        assert "script" not in tags, address
