"""Consumers that are broken on purpose, each of which the oracle has to catch on real Kafka.

A file `<name>.patch` is three lines, then a unified diff of `consumer/`:

    breaks: commits the highest offset seen
    provoked by: uneven answers
    seen as: passed by a commit

`provoked by` is a scenario of `tests/integration/test_negative_controls.py`, `seen as` the
kind of violation that the oracle must report.
"""
