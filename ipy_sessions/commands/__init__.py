"""From what was typed to what is meant: a line becomes a value, and nothing is carried out.

Pure, so that every form of a line can be tested without a notebook. `values` are what a line may mean, `agent` reads
``%%agent`` and ``%agent``, `session` reads ``%session`` by the rows of `forms`, `completion` knows what may stand where
a line ends. What cannot be read raises `CommandError` with one sentence that says what to type instead.
"""
