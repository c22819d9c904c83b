"""The text of a plan, line by line: names that we number, and constants by such a name.

Nothing of a schema is ever part of the text; what a plan needs of one is bound as a constant.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

_MAX_LINES: Final = 2_000
"""A schema ten times as long as ours; the compiler needs a tenth of a second for it."""
_MAX_INDENT: Final = 16
"""Python nests twenty blocks at most."""


class UnplannedError(Exception):
    """This schema has something that plans do not know; the general decoder reads it."""


@dataclass(slots=True)
class Source:
    constants: dict[str, object] = field(default_factory=dict[str, object])
    _lines: list[str] = field(default_factory=list[str])
    _indent: int = 0
    _names: int = 0

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def put(self, *lines: str) -> None:
        self._lines.extend(" " * self._indent + line for line in lines)
        if len(self._lines) > _MAX_LINES:
            msg = f"more than {_MAX_LINES} lines"
            raise UnplannedError(msg)

    @contextmanager
    def block(self, head: str) -> Generator[None]:
        """A compound statement; `pass` when nothing is put into it."""
        if self._indent >= _MAX_INDENT:
            msg = f"more than {_MAX_INDENT} blocks inside each other"
            raise UnplannedError(msg)
        self.put(head + ":")
        self._indent += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self.put("pass")
        self._indent -= 1

    def function(self, name: str, tools: Mapping[str, object]) -> object:
        """What the text defines by that name. Nothing is at hand to it but these tools and its
        constants, no builtins either."""
        names: dict[str, object] = {"__builtins__": {}, **tools, **self.constants}
        exec(compile(self.text, "<plan>", "exec", dont_inherit=True), names)  # noqa: S102 -- our own text; what is a schema's came in as constants
        return names[name]

    def variable(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def constant(self, value: object) -> str:
        self._names += 1
        name = f"k{self._names}"
        self.constants[name] = value
        return name
