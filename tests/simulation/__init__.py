"""The whole pipeline in a hostile world, by seed: nothing here is real, all of it is checked.

A *history* is one seed. It makes topics with records of many natures, one or two processes
that each run a `Pipeline` of their own, and a world that misbehaves: SEEK loses answers,
Kafka takes partitions away, processes die between two calls. After every call of a port the
promises of the design are checked (`invariants.py`); then the world calms down, and all that
is left has to come right.

    faults.py       what can go wrong, how often, and how often it did
    records.py      records, what is wrong with them, and the logs they lie in
    world.py        the clock, the seed, steps, crashes
    truth.py        what really happened, as nobody but the simulation knows it
    invariants.py   what must hold, with the promise (P1, P2, ...) that each check guards
    bounds.py       the same after each turn: memory, commits, exposure
    kafka.py        the broker and the group; what a process sees of them: source.py
    letters.py      the dead-letter topic
    seek.py         SEEK: which answer a request gets; the way there and back: senders.py
    reader.py       bytes to signals, with a registry that goes away
    machine.py      a pipeline and its ports; ledger.py: what is kept about its process
    history.py      the course of one history: hostile, calm, the end
    chronicle.py    lives through histories; run.py replays them

What no check of a step can say is said at the end: in a calm world all records come right,
poison is buried and only poison, every hold is released. `test_histories.py` also counts
that each kind of fault has struck, so that a check is not kept by nothing ever happening.

How to read a failing history
-----------------------------
The message names the promise, the seed, and the last steps. To see all steps:

    python -m tests.simulation.run --seed 17 --verbose

Each line is: seconds, process, call, what came of it. Records are written `topic/partition/
offset(nature)`. A history is repeated exactly by its seed as long as neither the pipeline nor
the simulation changes: start at the violation and read upwards to the record it names. Ask
first whether the world did something that Kafka or SEEK would not do; then it is the
simulation that is wrong.
"""
