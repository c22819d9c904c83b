"""The loop: takes in, dispatches, lands, commits, drains. Owns all delivery state."""

from consumer.pipeline.loop import Parts, Pipeline

__all__ = ["Parts", "Pipeline"]
