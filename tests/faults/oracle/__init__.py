"""The conservation oracle: compares what was published with what became of it, from outside.

As a process of its own (`python -m tests.faults.oracle --help`), beside whatever publishes,
consumes and breaks things. It reads

- the group's commits and the dead letters, from Kafka;
- what SEEK accepted and was asked: the sandbox's journal and log of requests;
- what was published: lines that the publisher appends as Kafka confirms
  (`publications.PublicationLog`, `publications.publication`);
- the faults that were injected: lines that whoever injects them appends
  (`timeline.TimelineLog`).

At each look it reads commits first, and no commit may lie beyond an unsettled record, nor
say in its metadata that one is settled. It writes what it knows to a report (`report.Report`
as JSON) twice a second; a violation is in it as soon as it is found. On SIGTERM, sent when
everything should be settled and committed, it gives its verdict: everything accounted for
and committed, letters byte for byte, repeats with the same bytes, subjects in order, nothing
sent again by a member whose partition others had gone on with, and each duplicate explained
by a fault. Exit code 0: no violation; 1: there are; 2: it could not work.
`process.OracleProcess` starts it, reads the report and asks for the verdict.

As an object in a test's own process: `Oracle`, whose `look` raises at the first violation.

`ledger` is the account itself, pure and incremental: about 200 bytes a record, so that
millions fit. `explain` says which fault a duplicate comes from, `fence` which none excuses.
"""

from __future__ import annotations

from tests.faults.oracle.in_process import Oracle

__all__ = ["Oracle"]
