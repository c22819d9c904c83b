"""The dashboard's questions as one plain page that Prometheus itself serves.

A console template: it needs nothing but Prometheus, so it is there where Grafana is not, and
where Prometheus came without its own web pages (as from Debian's package).
"""

from __future__ import annotations

from html import escape
from typing import Final

from tests.ops.asking import Kind, Panel, Query, asked
from tests.ops.panels import ROWS

NAME: Final = "seek-signals.html"
_HEAD: Final = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>SEEK signals</title>
<style>body{font:15px system-ui;margin:2em;max-width:60em}table{border-collapse:collapse}
td{padding:1px 14px 1px 0}.n{text-align:right;font-variant-numeric:tabular-nums}
.q{color:#666}.bad{color:#b00;font-weight:bold}</style>
<h1>SEEK signals</h1><p class="q">Now; read again each 5 seconds.</p>
<h2>Alerts</h2>
{{ range query "ALERTS" }}<p class="bad">{{ .Labels.alertname }}: {{ .Labels.alertstate }}</p>
{{ else }}<p>None.</p>{{ end }}
"""
_ROWS: Final = """{{ range query "%s" }}<tr><td>%s {{ range $k, $v := .Labels }}{{ $v }} {{ end }}\
</td><td class="n">{{ .Value | %s }}</td></tr>{{ end }}
"""
_WORDS: Final = {
    "s": "humanizeDuration",
    "percentunit": "humanizePercentage",
    "bytes": "humanize1024",
}


def console(job: str, rate_interval: str) -> str:
    """The template; `rate_interval`: at least four scrapes long."""
    sections = [
        f"<h2>{escape(row.question)}</h2>"
        + "".join(_panel(panel, job, rate_interval) for panel in row.panels)
        for row in ROWS
    ]
    return _HEAD + "\n".join(sections)


def _panel(panel: Panel, job: str, rate_interval: str) -> str:
    rows = "".join(_row(panel, query, job, rate_interval) for query in panel.queries)
    title, tells = escape(panel.title), escape(panel.tells)
    return f'<h4>{title} <span class="q">{tells}</span></h4><table>\n{rows}</table>\n'


def _row(panel: Panel, query: Query, job: str, rate_interval: str) -> str:
    expr = asked(query, job, rate_interval)
    if panel.kind is Kind.STATES:
        expr += " > 0"
    quoted = expr.replace("\\", "\\\\").replace('"', '\\"')
    legend = "" if "{{" in query.legend else query.legend
    return _ROWS % (quoted, legend, _WORDS.get(panel.unit, "humanize"))
