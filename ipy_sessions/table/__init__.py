"""Conversations as tables: frames and SQL, here or by many workers, whoever has written them.

Values flow one way: `corpus` (which files, whose) > `part` (one conversation as the tables see it) > `rows` (in
`messages`, `calls`, `turns`, `sessions`) > `arrow` (columns of fixed types) > `frame` (lazy; pandas, polars, Parquet),
which `read` puts together. What the columns are is decided in `schema` alone, and never inferred from data. `quick` and
what it stands on make the same rows with DuckDB, `cluster` with Dask. pyarrow, pandas, DuckDB and Dask are imported
when a table is made.
"""
