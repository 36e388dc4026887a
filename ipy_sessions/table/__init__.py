"""Conversations as tables: frames, SQL, search, whoever has written them.

Values flow one way: `corpus` (which files, whose) > `part` (one conversation as the tables see it) > rows (`messages`,
`calls`, `turns`, `sessions`) > `arrow` (columns of fixed types) > `frame` (lazy; pandas, polars, Parquet). What the
columns are is decided in `schema` alone, and never inferred from data. pyarrow, pandas and DuckDB are imported when a
table is made.
"""
