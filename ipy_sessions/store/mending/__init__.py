"""What is done to files that are there.

`verify` finds damage and mends it on a copy (it composes `scan` and `checks`), `redaction` takes something out, `trash`
keeps what was deleted.
"""
