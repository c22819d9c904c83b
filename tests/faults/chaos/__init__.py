"""Everything at once: the service on real parts while faults, drawn from a seed, hit them all.

`python -m tests.faults.chaos --seconds 120 --seed 7` starts three Kafka brokers, a registry,
a sandbox, two to four services, a publisher and the oracle, each a process of its own, and
TCP proxies on the services' ways to all of them. `--plan` only prints what would happen.

`schedule` says what happens when (pure), `stage` starts the parts, `acts` are the faults, `run`
plays the schedule and waits for the end, `results` writes it down. What a run's verdict is
based on comes from `tests.faults.oracle`.
"""
