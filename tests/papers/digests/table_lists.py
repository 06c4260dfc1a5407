"""Lists of papers as tables, pages and workbooks write them, whose titles a test can find again."""

import csv
import io
import json
import zipfile
from html import escape

from openpyxl import Workbook

ABSTRACT = "Layers that sort themselves are studied on three small tasks with fixed budgets, and not on a fourth."
_CELL = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
_ROW = f"<table:table-row>{_CELL}{_CELL}</table:table-row>"


def csv_table(titles: list[str], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(
        [["Title", "Authors", "Year", "Abstract", "URL"],
         *([title, "Ada Example; Bo Sample", 2024, ABSTRACT, f"https://arxiv.org/abs/2401.0000{number}"]
           for number, title in enumerate(titles))])
    return out.getvalue().encode()


def csv_semicolons(titles: list[str]) -> bytes:
    return csv_table([title.replace(";", ",") for title in titles], ";")


def markdown_table(titles: list[str]) -> bytes:
    return ("| Title | Authors | PDF |\n|---|---|---|\n" + "".join(
        f"| **{title}** | Ada Example et.al. | [2401.0000{number}](https://arxiv.org/abs/2401.0000{number}) |\n"
        for number, title in enumerate(titles))).encode()


def markdown_list(titles: list[str]) -> bytes:
    return ("# Papers\n\n" + "".join(f"- [{title}](https://arxiv.org/abs/2401.0000{number}), Ada Example, *ICML 2024*\n"
                                     for number, title in enumerate(titles))).encode()


def html_list(titles: list[str]) -> bytes:
    return ("<html><body><ul>" + "".join(
        f"<li><a href='https://arxiv.org/abs/2401.0000{number}'>{escape(title)}</a><br>Ada Example, Bo Sample</li>\n"
        for number, title in enumerate(titles)) + "</ul></body></html>").encode()


def results_tables(titles: list[str]) -> bytes:
    rows = [{"model_name": f"M{number}", "paper_title": title, "paper_url": f"https://arxiv.org/abs/2401.0000{number}",
             "metrics": {"Accuracy": f"{90 + number}.5"}} for number, title in enumerate(titles)]
    return json.dumps([{"task": "Sorting", "datasets": [{"dataset": "Rows", "sota": {"metrics": ["Accuracy"],
                                                                                     "rows": rows}}]}]).encode()


def ods(titles: list[str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", '<o:document-content xmlns:o="urn:o" xmlns:table="urn:t" xmlns:text="urn:x">'
                         '<o:body><o:spreadsheet><table:table table:name="A">'
                         + "".join(_ROW.format(escape(title), year) for title, year in [
                             ("Title", "Year"), *((title, "2024") for title in titles)])
                         + "</table:table></o:spreadsheet></o:body></o:document-content>")
    return file.getvalue()


def xlsx(titles: list[str]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in [["Title", "Year"], *([title, 2024] for title in titles)]:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


WRITERS = (csv_table, csv_semicolons, markdown_table, markdown_list, html_list, results_tables, ods, xlsx)
