"""The rows of a folder: `catalog` lists it, `index` keeps what was learned, `outlines` reads what is new."""
