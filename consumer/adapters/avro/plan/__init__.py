"""Plans: a writer schema compiled, once, to straight-line Python that reads only what is needed.

`compiler` makes the function, `reading` decides what it does, `cuts` takes leading fields in one
step, `source` holds the text, `primitives` is what it calls. DECISIONS says why not a library.
"""
