"""Text from anywhere, made fit for a terminal. Imports nothing: `--help` is quick."""

from __future__ import annotations


def printable(text: str) -> str:
    """Without what a terminal obeys: headers and messages come from anywhere."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
