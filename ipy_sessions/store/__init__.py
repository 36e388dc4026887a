"""Sessions on disk: lines appended, files read, folders listed.

`log` writes lines, `reading` reads them, `folder` knows where files are and what they are called, `catalog` sums each
up as a row of the list, `masking` keeps credentials out, `interrupts` keeps Stop from cutting an append in two. None of
them knows a conversation: what a line means is `entries`' business, what follows what is `tree`'s.
"""
