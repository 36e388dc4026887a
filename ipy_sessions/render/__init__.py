"""What a reader sees: pure markup, and the two views that a reply streams into.

`markup` makes Markdown and plain text out of values, `panels` lays out what ``%session`` says, `transcript` a whole
conversation; `live` updates one display in a notebook, `terminal` prints. Everything has both forms, Markdown and
plain, so that it can be read in any front end, in a terminal, and when the kernel is gone.
"""
