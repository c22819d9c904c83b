"""What a signal costs: the service beside its prototype and its peers, in one interleaved run.

`python -m tests.bench --help`. Nothing here runs in `make test`: speed is no assertion.
"""
