"""What the checks share: names, clients and bounded waits."""

import threading

PROJECT = "smoke-python"

# Bounds each wait, so that a message that never comes is a failure and not a wait.
TIMEOUT = 30


def topic_name(name):
    return f"projects/{PROJECT}/topics/{name}"


def subscription_name(name):
    return f"projects/{PROJECT}/subscriptions/{name}"


def snapshot_name(name):
    return f"projects/{PROJECT}/snapshots/{name}"


def same(what, got, want):
    if got != want:
        raise AssertionError(f"expected {what} to be {want!r}, got: {got!r}")


def refused(status, call):
    """Runs what must fail with an exception of google.api_core.exceptions."""
    try:
        call()
    except status:
        return
    raise AssertionError(f"expected {status.__name__}, got no error")


class Session:
    def __init__(self, publisher, subscriber):
        self.publisher = publisher
        self.subscriber = subscriber

    def topic(self, name):
        return self.publisher.create_topic(request={"name": topic_name(name)}, timeout=TIMEOUT)

    def subscription(self, name, **settings):
        """A topic and a subscription of the same name."""
        self.topic(name)
        request = {"name": subscription_name(name), "topic": topic_name(name), **settings}
        return self.subscriber.create_subscription(request=request, timeout=TIMEOUT)

    def publish(self, name, *texts, ordering_key="", **attributes):
        futures = [
            self.publisher.publish(
                topic_name(name), text.encode(), ordering_key=ordering_key, **attributes
            )
            for text in texts
        ]
        return [future.result(TIMEOUT) for future in futures]

    def pull(self, name):
        response = self.subscriber.pull(
            request={"subscription": subscription_name(name), "max_messages": 1}, timeout=TIMEOUT
        )
        same("the number of messages pulled", len(response.received_messages), 1)
        return response.received_messages[0]

    def acknowledge(self, name, *ack_ids):
        self.subscriber.acknowledge(
            request={"subscription": subscription_name(name), "ack_ids": list(ack_ids)},
            timeout=TIMEOUT,
        )

    def receive(self, name, take):
        """Streams until `take` says it has enough; it runs for one message at a time."""
        enough = threading.Event()
        failures = []
        lock = threading.Lock()

        def handle(message):
            with lock:
                if enough.is_set():
                    message.nack()
                    return
                try:
                    if take(message):
                        enough.set()
                except Exception as error:
                    failures.append(error)
                    enough.set()

        streaming = self.subscriber.subscribe(
            subscription_name(name), callback=handle, await_callbacks_on_shutdown=True
        )
        # A stream that ends by itself has an error to tell.
        streaming.add_done_callback(lambda _: enough.set())
        came = enough.wait(TIMEOUT)
        streaming.cancel()
        streaming.result(TIMEOUT)
        if failures:
            raise failures[0]
        if not came:
            raise AssertionError(f"the messages expected from {name} did not come in time")

    def receive_texts(self, name, count):
        """Streams and acknowledges."""
        texts = []

        def take(message):
            texts.append(message.data.decode())
            message.ack()
            return len(texts) == count

        self.receive(name, take)
        return texts
