"""JSON: the records, the columns, the caption's facts, and every score by seed."""

from __future__ import annotations

import json

from evaluations.tables.table import Table

TITLE, MEDIA_TYPE, EXTENSION = "JSON", "application/json", "json"


def document(table: Table) -> dict:
    """The whole table as plain data, ready for JSON."""
    facts = {name: value.isoformat() if hasattr(value, "isoformat") else value
             for name, value in vars(table.facts).items()}
    variants = {row.method: {"method": row.slug, "params": dict(row.params)} for row in table.variants}
    return {
        "arena": table.arena, "title": table.title, "question": table.question, "baseline": table.baseline,
        "against": table.against or table.baseline,
        "digest": table.digest, "caption": table.caption(), "facts": facts,
        "columns": [{"key": c.key, "title": c.title, "kind": c.kind, "unit": c.unit, "better": c.better,
                     "help": c.help, "setting": c.setting, "chance": c.chance, "ceiling": c.ceiling}
                    for c in table.columns],
        "fields": [{"name": f.name, "title": f.title, "type": f.type.__name__} for f in table.fields],
        "records": table.records(),
        "values": {row.method: {key: {str(seed): value for seed, value in cell.by_seed.items()}
                                for key, cell in row.cells.items()} for row in table.rows},
        "reported": {row.method: list(row.reported) for row in table.rows if row.reported},
        **({"variants": variants} if variants else {}),
    }


def render(table: Table) -> bytes:
    return json.dumps(document(table), indent=1, ensure_ascii=False, allow_nan=False).encode()
