"""The measure of all: what the job costs without retries, dead letters, metrics or shutdown.

One consuming thread, sender threads with pycurl, a decoder generated with the mapping in it,
offsets stored behind acknowledged batches. Kept as it is, so that ratios stay comparable.
"""
