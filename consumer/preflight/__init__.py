"""Whether the real surroundings fit, before the service runs: for `seek-signals check`.

Only looks: joins no group, commits nothing, writes to no topic, sends no signal.
"""
