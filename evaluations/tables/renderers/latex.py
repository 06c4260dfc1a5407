"""A booktabs table, rounded as on the page; bold is the best tier, and the caption carries n, test and digest."""

from __future__ import annotations

from evaluations.tables.table import Table, TextCell
from papers.tex import escaped

TITLE, MEDIA_TYPE, EXTENSION = "LaTeX", "application/x-tex; charset=utf-8", "tex"


def render(table: Table) -> bytes:
    headings = table.headings()
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}", r"\centering",
        rf"\caption{{{escaped(table.caption())}}}",
        rf"\label{{tab:{table.file_stem}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(headings) - 1)}}}", r"\toprule",
        " & ".join(escaped(heading) for _, heading in headings) + r" \\", r"\midrule"]
    for record, cells in zip(table.records(), table.lines(), strict=True):
        lines.append(" & ".join([escaped(table.label(record)), *(_mark(cell) for cell in cells)]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}", ""]
    return "\n".join(lines).encode()


def _mark(cell: TextCell) -> str:
    text = escaped(cell.text.replace("-", "−") + (" (n=1)" if cell.n == 1 else "") + (" †" if cell.stale else ""))
    return rf"\textbf{{{text}}}" if cell.best else text
