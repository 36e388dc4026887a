"""The messages of a conversation as a Parquet file: the table that `table.schema` describes, one row a message."""

from __future__ import annotations

from io import BytesIO

from ipy_sessions.export.material import Material
from ipy_sessions.readers.own import NAME
from ipy_sessions.readers.transcript import Transcript
from ipy_sessions.table.arrow import batches
from ipy_sessions.table.messages import messages
from ipy_sessions.table.part import Once, Part
from ipy_sessions.table.schema import TABLES, schema


def to_parquet(material: Material) -> bytes:
    """Return the messages of all branches as a Parquet file (zstd)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = material.header.fields.get("source")
    written_by = source.get("format") if isinstance(source, dict) else None
    part = Part(Transcript(material.header, list(material.tree), str(written_by or NAME)))
    rows = batches(TABLES["messages"], messages(part, Once()))
    file = BytesIO()
    pq.write_table(pa.Table.from_batches(rows, schema("messages")), file, compression="zstd")
    return file.getvalue()
