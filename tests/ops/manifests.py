"""`python -m tests.ops.manifests`: what in `deploy/` is made from something else. The chart's
copy of the alerts, the Kustomize base and the CronJob as the Helm chart renders them, the
image's lock files, the dashboard.
"""

from __future__ import annotations

import sys
from typing import Final

from tests.ops.locks import image_locks
from tests.ops.rendering import CHART, DEPLOY, dashboard, kustomize_base, scheduled_replay
from tests.ops.tools import Tools

BASE: Final = DEPLOY / "kustomize" / "base" / "seek-signals.yaml"
CRONJOB: Final = DEPLOY / "cronjob"
LOCKS: Final = DEPLOY / "locks"
COPY: Final = CHART / "files" / "alerts.yaml"
"""Helm reads no file outside of its chart."""
DASHBOARD: Final = DEPLOY / "grafana" / "seek-signals.json"


def main() -> None:
    COPY.write_text((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    tools = Tools()
    BASE.write_text(kustomize_base(tools))
    DASHBOARD.write_text(dashboard(tools))
    made = {CRONJOB / file: text for file, text in scheduled_replay(tools).items()}
    made |= {LOCKS / file: text for file, text in image_locks().items()}
    for file, text in made.items():
        file.write_text(text)
    for written in (COPY, BASE, *made, DASHBOARD):
        sys.stdout.write(f"deploy/{written.relative_to(DEPLOY)} written\n")


if __name__ == "__main__":
    main()
