"""`python -m tests.ops.manifests`: the chart's copy of the alerts, and the Kustomize base, as
the Helm chart renders it.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.ops.rendering import CHART, DEPLOY, rendered
from tests.ops.tools import Tools

BASE: Final = DEPLOY / "kustomize" / "base" / "seek-signals.yaml"
COPY: Final = CHART / "files" / "alerts.yaml"
"""Helm reads no file outside of its chart."""


def main() -> None:
    COPY.write_text((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    BASE.write_text(rendered(Tools()))
    for written in (COPY, BASE):
        sys.stdout.write(f"deploy/{written.relative_to(DEPLOY)} written\n")


if __name__ == "__main__":
    main()
