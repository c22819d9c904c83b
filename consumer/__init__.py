"""Feeds an ATS's status changes from Kafka to SEEK as Selection Signals."""

__version__ = "0.1.0"
