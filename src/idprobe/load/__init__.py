"""Load: the flows of the probes, driven often and at given times, and a budget that judges them.

`users` runs inside Locust, in a child process of its own, and is the only module that imports it;
`running` starts that child and reads what it measured; the others are plain code.
"""
