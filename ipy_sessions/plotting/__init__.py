"""What was spent, as a picture: what is drawn (`shape`), by characters (`text`), by matplotlib (`figure`), as a value.

matplotlib, since its pictures are static: they are seen without a kernel, on a code-hosting page and in exports.
"""
