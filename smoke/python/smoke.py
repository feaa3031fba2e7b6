"""Runs Google's Python client against the Pub/Sub server at PUBSUB_EMULATOR_HOST.

Prints one TAP line a check and ends with 1 at the first that fails.
"""

import os
import sys
import threading

from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.types import PublisherOptions

from administration import ADMINISTRATION
from delivery import DELIVERY
from session import Session


def main() -> int:
    if not os.environ.get("PUBSUB_EMULATOR_HOST"):
        print("Bail out! expected PUBSUB_EMULATOR_HOST to be the server's host:port, got none")
        return 2
    publisher = pubsub_v1.PublisherClient(
        publisher_options=PublisherOptions(enable_message_ordering=True)
    )
    with pubsub_v1.SubscriberClient() as subscriber:
        session = Session(publisher, subscriber)
        checks = [*DELIVERY, *ADMINISTRATION]
        print(f"1..{len(checks)}", flush=True)
        for number, (name, check) in enumerate(checks, 1):
            try:
                check(session)
            except Exception as error:  # What a client throws is what the check tells.
                print(f"not ok {number} - {name}", flush=True)
                for line in f"{type(error).__name__}: {error}".splitlines():
                    print(f"# {line}", flush=True)
                return 1
            print(f"ok {number} - {name}", flush=True)
    publisher.stop()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of a client that a failed check left open would hold the process.
    if code != 0 and threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)
