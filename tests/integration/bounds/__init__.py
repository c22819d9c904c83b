"""Memory stays bounded, and what is stuck stays alone (P5, P7): the real service on real Kafka.

stage.py     topics, a SEEK, a service process with its metrics
backlog.py   records written before the service starts
watching.py  what the process shows while it runs: memory, and the highest of its gauges
small.py     command: a million ordinary records, memory and speed
stuck.py     command: how much the others lose to one stuck partition
"""
