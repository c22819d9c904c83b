"""The same job in other frameworks, each run by an interpreter of its own environment.

At least once: signals in batches of 100, offsets committed after the acknowledgement. All get
the same fast parts (`job`) but `naive`, which is what vendors' examples lead to. They run
until SIGTERM; the bench measures them from outside.
"""
