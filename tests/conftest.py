"""What all tests have in common."""

from hypothesis import HealthCheck, settings

# how fast the machine is decides about no test
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
