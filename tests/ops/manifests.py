"""`python -m tests.ops.manifests`: what in `deploy/` is made from something else. The chart's
copy of the alerts, the Kustomize base and the CronJob as the Helm chart renders them, the
dashboard.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.ops.rendering import CHART, DEPLOY, dashboard, kustomize_base, scheduled_replay
from tests.ops.tools import Tools

BASE: Final = DEPLOY / "kustomize" / "base" / "seek-signals.yaml"
CRONJOB: Final = DEPLOY / "cronjob"
COPY: Final = CHART / "files" / "alerts.yaml"
"""Helm reads no file outside of its chart."""
DASHBOARD: Final = DEPLOY / "grafana" / "seek-signals.json"


def main() -> None:
    COPY.write_text((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    tools = Tools()
    BASE.write_text(kustomize_base(tools))
    DASHBOARD.write_text(dashboard(tools))
    replay = {CRONJOB / file: text for file, text in scheduled_replay(tools).items()}
    for file, text in replay.items():
        file.write_text(text)
    for written in (COPY, BASE, *replay, DASHBOARD):
        sys.stdout.write(f"deploy/{written.relative_to(DEPLOY)} written\n")


if __name__ == "__main__":
    main()
