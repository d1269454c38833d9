"""A token endpoint of known behaviour: 5 ms for each request, but it stands still now and then.

python stalling.py [PERIOD_S STALL_S]: prints its port and serves until it is ended. Requests do not
wait for each other, so that the latency of an arrival depends on its time alone.
"""

import asyncio
import contextlib
import sys
import time

SERVICE_S = 0.005
BODY = b'{"access_token":"made-up","token_type":"Bearer"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(BODY),
    BODY,
)


def left_of_the_stall(period_s: float, stall_s: float) -> float:
    """Return how long it will stand still yet: at the end of each period."""
    phase = time.monotonic() % period_s
    return period_s - phase if phase >= period_s - stall_s else 0.0


async def main(period_s: float, stall_s: float) -> None:
    """Serve."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                lengths = [int(one[15:]) for one in lines if one.startswith(b"content-length:")]
                await reader.readexactly(sum(lengths))
                await asyncio.sleep(left_of_the_stall(period_s, stall_s) + SERVICE_S)
                writer.write(ANSWER)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    numbers = [float(one) for one in sys.argv[1:3]] or [10.0, 1.0]
    asyncio.run(main(*numbers))
