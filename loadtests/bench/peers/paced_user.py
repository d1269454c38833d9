"""Stock Locust at a rate: USERS users who keep to constant_throughput, RATE a second in all."""

import os

from locust import FastHttpUser, constant_throughput, task  # noqa: TID251 -- the peer itself

RATE, USERS = float(os.environ["RATE"]), int(os.environ["USERS"])


class Service(FastHttpUser):
    """Asks so many times a second, if it can."""

    wait_time = constant_throughput(RATE / USERS)

    @task
    def token(self) -> None:
        """Ask once."""
        self.client.post("/token", data={"grant_type": "client_credentials"})
