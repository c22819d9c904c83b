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
    invariants.py   what must hold, with the promise (P1, P2, …) that each check guards
    kafka.py        the broker and the group; what a process sees of them: source.py
    letters.py      the dead-letter topic
    seek.py         SEEK: which answer a request gets; the way there and back: senders.py
    reader.py       bytes to signals, with a registry that goes away
    process.py      one process: a pipeline and its ports
    history.py      the course of one history: hostile, calm, the end

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
