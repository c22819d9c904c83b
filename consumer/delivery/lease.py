"""For how long after its last poll the loop may still count its partitions as its own (P4)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Lease:
    """Renewed by the loop at each poll, checked by a sender right before each request.

    A loop that stopped polling has its partitions given to another member once the session
    times out. The lease is shorter than that, so no request starts after it. One writer,
    any readers, one float: no lock is needed.
    """

    seconds: float
    _renewed_s: float | None = field(default=None, init=False)

    def renew(self, now_s: float) -> None:
        self._renewed_s = now_s

    def held(self, now_s: float) -> bool:
        """False until the first renewal."""
        renewed_s = self._renewed_s
        return renewed_s is not None and now_s - renewed_s < self.seconds
