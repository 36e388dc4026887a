"""The command line: some of the commands of ``%session`` in a terminal, without a kernel.

How a command is typed is declared in `commands.forms`, and what it does is done by `magics`, both as in a notebook;
here is what a terminal adds: which commands make sense there (`offers`), the shell's line (`parsing`, `completing`),
where the sessions are (`desk`), JSON (`documents`, `conversations`), and how text is shown (`screen`). Nothing in here
needs IPython.
"""
