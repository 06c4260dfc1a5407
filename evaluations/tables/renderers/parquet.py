"""Parquet with typed columns; the schema's metadata carry caption and digest."""

from __future__ import annotations

import io
import json

from evaluations.tables.table import Tabular

TITLE, MEDIA_TYPE, EXTENSION = "Parquet", "application/vnd.apache.parquet", "parquet"


def render(table: Tabular) -> bytes:
    import pyarrow as pa  # slow to import, and only a download needs it
    import pyarrow.parquet as pq
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([pa.field(field.name, types[field.type], metadata={"title": field.title})
                        for field in table.fields],
                       metadata={"assay": json.dumps({"arena": table.arena, "digest": table.digest,
                                                      "caption": table.caption()})})
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(table.records(), schema=schema), out)
    return out.getvalue()
