"""Stock Locust: its FastHttpUser asks for tokens and looks for one in the answer."""

from locust import FastHttpUser, task  # noqa: TID251 -- the peer itself

FORM = {"grant_type": "client_credentials", "client_id": "service", "client_secret": "made-up"}


class Service(FastHttpUser):
    """Asks again as soon as it has an answer."""

    insecure = True

    @task
    def token(self) -> None:
        """Ask once."""
        with self.client.post("/token", data=FORM, catch_response=True) as answer:
            if answer.status_code != 200 or '"access_token"' not in answer.text:  # noqa: PLR2004 -- OK
                answer.failure("no token")
