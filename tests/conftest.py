"""What all tests have in common."""

import signal

from hypothesis import HealthCheck, settings

# how fast the machine is decides about no test
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# whoever starts the tests in the background of a shell has them ignore Ctrl-C, which what they
# start would inherit; with a handler of Python's in its place it does not
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
