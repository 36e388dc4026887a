"""Transcripts of this and of other agents, read in place: each format is one small module, and yields our entries.

`registry.read` tells a file's format from what stands in it, never from its name, and yields `Transcript` values; what
comes behind them, tables, search, import and export, knows no format. Another package adds one by the entry point
group ``ipy_sessions.readers``, or by `registry.register`.

A reader refuses to know folders, options and tables, and it never writes.
"""
