"""Every format says the same: same rows, same numbers."""

import csv
import io
import json

import openpyxl
import pyarrow.parquet
import pytest

from evaluations.tables.build import TableError, build_settings_table, build_table
from evaluations.tables.renderers.registry import formats, render
from tests.evaluations.simulated_runs import add_runs, draws, make_arena, make_method

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["metrics", "differences", "settings"])
def table(request):
    arena = make_arena()
    for i, slug in enumerate(["plain", "clever", "twin"]):
        method = make_method(arena, slug, fidelity="core" * (i > 0), year=2019 + i if i else None)
        add_runs(method, {"accuracy": draws(50 + 10 * i, seed=i), "error": draws(5 - i, seed=i)})
    make_method(arena, "idle", title="=cmd|' /C calc'!A0")
    add_runs(make_method(arena, "once"), {"accuracy": [55.0], "error": [1.0]})
    add_runs(make_method(arena, "old"), {"accuracy": [1.0, 2.0], "error": [1.0, 2.0]}, code="before")
    if request.param == "settings":
        return build_settings_table(arena)
    return build_table(arena, differences=request.param == "differences")


def typed(table, rows):
    """Text cells back to the types that the fields promise."""
    read = {str: str, int: int, float: float, bool: lambda text: text == "true"}
    types = [read[field.type] for field in table.fields]
    return [[None if cell == "" and type_ is not str else type_(cell)
             for cell, type_ in zip(row, types, strict=True)] for row in rows]


def expected(table, none_text=None):
    rows = [[record[field.name] for field in table.fields] for record in table.records()]
    return [[none_text if v is None and f.type is str else v for v, f in zip(row, table.fields, strict=True)]
            for row in rows]


def test_all_formats_are_there():
    assert list(formats()) == ["csv", "every_eval_ever", "json", "latex", "markdown", "model_index", "parquet", "xlsx"]


def test_csv_reads_back_to_the_last_digit(table):
    header, *rows = csv.reader(io.StringIO(render(table, "csv")[0].decode(), newline=""))
    assert header == [field.name for field in table.fields]
    found = typed(table, rows)
    for row in found:
        row[1] = row[1].removeprefix("'")
    assert found == expected(table)


def test_json_reads_back(table):
    found = json.loads(render(table, "json")[0])
    assert found["records"] == table.records()
    assert found["digest"] == table.digest
    key = table.primary.key
    assert len(found["values"]["plain"][key]) == 6


def test_parquet_reads_back_with_types(table):
    found = pyarrow.parquet.read_table(io.BytesIO(render(table, "parquet")[0]))
    assert found.to_pylist() == table.records()
    assert str(found.schema.field("year").type) == "int64"
    assert json.loads(found.schema.metadata[b"assay"])["digest"] == table.digest


def test_xlsx_reads_back_as_numbers(table):
    sheet = openpyxl.load_workbook(io.BytesIO(render(table, "xlsx")[0]))["table"]
    header, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert header == [field.name for field in table.fields]
    for row, record in zip(rows, expected(table), strict=True):
        for found, wanted in zip(row, record, strict=True):
            if isinstance(wanted, float):
                assert isinstance(found, int | float) and found == pytest.approx(wanted, rel=1e-14)
            else:
                assert found == (None if wanted == "" else wanted)


def test_markdown_and_latex_have_the_same_rows_and_rounded_numbers(table):
    markdown = render(table, "markdown")[0].decode()
    latex = render(table, "latex")[0].decode()
    in_markdown = [[cell.strip().strip("*") for cell in line.strip("| ").split(" | ")]
                   for line in markdown.splitlines() if line.startswith("| ")][2:]
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0].strip()
    in_latex = [line.removesuffix(r" \\").split(" & ") for line in body.splitlines()]
    for number, line in enumerate(table.lines()):
        for place, cell in enumerate(line, start=1):
            assert cell.text in in_markdown[number][place]
            assert cell.text.replace("-", "$-$").replace("–", "--").replace("±", r"$\pm$") in in_latex[number][place]
    assert len(in_markdown) == len(in_latex) == len(table.rows)


def test_rounded_text_agrees_with_the_record(table):
    for record, line in zip(table.records(), table.lines(), strict=True):
        for cell in line:
            value = record[cell.key]
            if value is None:
                assert cell.text == "–"
            else:
                shown = float(cell.text.split(" ± ")[0].replace(",", ""))
                places = table.column(cell.key.removesuffix("_difference")).decimals
                assert shown == pytest.approx(value, abs=0.5000001 * 10**-places)


def test_spreadsheets_never_run_a_title(table):
    text = render(table, "csv")[0].decode()
    assert "'=cmd" in text and ",=cmd" not in text
    sheet = openpyxl.load_workbook(io.BytesIO(render(table, "xlsx")[0]))["table"]
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)


def test_best_tier_is_bold_one_seed_and_stale_are_marked(table):
    latex = render(table, "latex")[0].decode()
    assert r"\toprule" in latex and r"\textbf{" in latex and table.digest[:12] in latex
    assert "(n=1)" in latex and r"$^{\dagger}$" in latex
    markdown = render(table, "markdown")[0].decode()
    assert "**" in markdown and "(n=1)" in markdown and "†" in markdown


def test_names_and_media_types(table):
    for name in formats():
        contents, media_type, file_name = render(table, name)
        assert contents and "/" in media_type
        assert file_name.startswith("sorting-") and file_name.endswith(f"-full.{formats()[name].EXTENSION}")
    with pytest.raises(TableError, match="csv, every_eval_ever"):
        render(table, "pdf")
