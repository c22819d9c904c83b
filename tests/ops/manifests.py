"""`python -m tests.ops.manifests`: what in `deploy/` is made from something else. The chart's
copy of the alerts, the Kustomize base as the Helm chart renders it, the dashboard.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.ops.rendering import CHART, DEPLOY, dashboard, rendered
from tests.ops.tools import Tools

BASE: Final = DEPLOY / "kustomize" / "base" / "seek-signals.yaml"
COPY: Final = CHART / "files" / "alerts.yaml"
"""Helm reads no file outside of its chart."""
DASHBOARD: Final = DEPLOY / "grafana" / "seek-signals.json"


def main() -> None:
    COPY.write_text((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    tools = Tools()
    BASE.write_text(rendered(tools))
    DASHBOARD.write_text(dashboard(tools))
    for written in (COPY, BASE, DASHBOARD):
        sys.stdout.write(f"deploy/{written.relative_to(DEPLOY)} written\n")


if __name__ == "__main__":
    main()
