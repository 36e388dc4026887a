"""A conversation as one page: an HTML file with every branch, that opens anywhere and asks nobody for anything.

`nodes` cuts the tree into what stands on the page, `pieces` writes one of these, `document` puts all together with
`page.css` and `page.js`. Nothing of a transcript runs: what was said comes through `render.safe` or is escaped, and the
page's policy allows our own script by its hash, and no address at all. Without scripts the active branch is there to
be read, and the others below it.
"""
