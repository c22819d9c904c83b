"""`seek-signals sandbox`: the options, their help, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, TypeAlias, get_args

import typer

from consumer.sandbox.config import HIGHEST_PORT, Pointers, SandboxConfig
from consumer.sandbox.fault_kinds import Fault
from consumer.sandbox.fault_script import load_faults
from consumer.sandbox.server import serve

NETWORK = "Where it listens"
BEHAVIOUR = "How it behaves"
FILES = "What it writes"
DEFAULTS = SandboxConfig()
KINDS = sorted(kind.model_fields["fault"].default for kind in get_args(Fault))

HELP = {
    "playground": "Serve the Playground's audience only: what is valid ends in FORBIDDEN. "
    "Without it the audience that a token was asked for decides.",
    "non_atomic": "Keep the good signals of a refused batch. The answer is still an error.",
    "pointers": "Which refused signals an answer points at, as /input/signals/3/token.",
    "faults": "Fault script: a JSON list of objects such as "
    '{"fault": "status", "status": 503, "requests": 5}. '
    "Replace it while the sandbox runs by PUT /_sandbox/faults. "
    f"Kinds: {', '.join(KINDS)}.",
}

Host: TypeAlias = Annotated[
    str, typer.Option(help="Address to listen on.", rich_help_panel=NETWORK)
]
Port: TypeAlias = Annotated[
    int,
    typer.Option(
        min=0, max=HIGHEST_PORT, help="Port; 0 takes any free one.", rich_help_panel=NETWORK
    ),
]
TlsCert: TypeAlias = Annotated[
    Path | None, typer.Option(help="PEM certificate; serves HTTPS.", rich_help_panel=NETWORK)
]
TlsKey: TypeAlias = Annotated[
    Path | None, typer.Option(help="PEM key of the certificate.", rich_help_panel=NETWORK)
]
ClientId: TypeAlias = Annotated[
    str, typer.Option(help="The client that gets tokens.", rich_help_panel=BEHAVIOUR)
]
ClientSecret: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="SEEK_SANDBOX_CLIENT_SECRET", help="Its secret.", rich_help_panel=BEHAVIOUR
    ),
]
Playground: TypeAlias = Annotated[
    bool, typer.Option("--playground", help=HELP["playground"], rich_help_panel=BEHAVIOUR)
]
ExpiresIn: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Seconds that a token lives.", rich_help_panel=BEHAVIOUR)
]
Latency: TypeAlias = Annotated[
    float, typer.Option(min=0, help="Seconds added to every answer.", rich_help_panel=BEHAVIOUR)
]
NonAtomic: TypeAlias = Annotated[
    bool, typer.Option("--non-atomic", help=HELP["non_atomic"], rich_help_panel=BEHAVIOUR)
]
PointersOption: TypeAlias = Annotated[
    Pointers, typer.Option(help=HELP["pointers"], rich_help_panel=BEHAVIOUR)
]
GraphqlMediaType: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--graphql-media-type",
        help="Answer as application/graphql-response+json.",
        rich_help_panel=BEHAVIOUR,
    ),
]
Faults: TypeAlias = Annotated[
    Path | None, typer.Option(help=HELP["faults"], rich_help_panel=BEHAVIOUR)
]
Journal: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Append one JSON line for each accepted signal.", rich_help_panel=FILES),
]
Requests: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Append one JSON line for each request.", rich_help_panel=FILES),
]
AsJson: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Say where it listens as a line of JSON.", rich_help_panel=FILES),
]


def sandbox(  # noqa: PLR0913 -- each option of the command is an argument
    *,
    host: Host = DEFAULTS.host,
    port: Port = 8400,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    client_id: ClientId = DEFAULTS.client_id,
    client_secret: ClientSecret = DEFAULTS.client_secret,
    playground: Playground = False,
    expires_in: ExpiresIn = DEFAULTS.expires_in_s,
    latency: Latency = DEFAULTS.latency_s,
    non_atomic: NonAtomic = False,
    pointers: PointersOption = Pointers.ALL,
    graphql_media_type: GraphqlMediaType = False,
    faults: Faults = None,
    journal: Journal = None,
    requests: Requests = None,
    as_json: AsJson = False,
) -> None:
    """Serve a SEEK of your own: tokens, GraphQL, and faults on demand.

    It keeps what it accepts in a journal, so that both ends can be compared.
    """
    config = SandboxConfig(
        client_id=client_id,
        client_secret=client_secret,
        expires_in_s=expires_in,
        host=host,
        port=port,
        playground=playground,
        latency_s=latency,
        atomic=not non_atomic,
        pointers=pointers,
        graphql_media_type=graphql_media_type,
        journal=journal,
        requests=requests,
        faults=load_faults(faults) if faults is not None else (),
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    serve(config, _say, as_json=as_json)


def _say(line: str) -> None:
    """At once, for a program that waits for it at the other end of a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
