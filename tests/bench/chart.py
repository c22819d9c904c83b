# Run by an environment of its own, whose packages are not here.
# mypy: ignore-errors
"""A bar for each system: `chart.py FILE`, with [[label, us], …] as JSON on standard input."""

from __future__ import annotations

import json
import sys

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

bars = json.load(sys.stdin)
figure, axes = plt.subplots(figsize=(8, 0.5 * len(bars) + 1.2))
labels = [label for label, _ in reversed(bars)]
costs = [cost for _, cost in reversed(bars)]
colours = ["#1f77b4" if label == "the service" else "#b0b0b0" for label in labels]
drawn = axes.barh(labels, costs, color=colours)
axes.bar_label(drawn, fmt="%.1f", padding=3)
axes.set_xlabel("CPU µs a signal (user + system, all threads)")
axes.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
figure.savefig(sys.argv[1], dpi=120)
