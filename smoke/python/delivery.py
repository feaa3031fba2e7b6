"""Checks of how messages come."""

import collections
import datetime
import time

from google.api_core import exceptions

from session import (
    PROJECT,
    TIMEOUT,
    refused,
    same,
    snapshot_name,
    subscription_name,
    topic_name,
)


def pull_and_acknowledge(session):
    session.subscription("pull")
    session.publish("pull", "a", ordering_key="key", colour="red")
    received = session.pull("pull")
    message = received.message
    same("data", message.data, b"a")
    same("attributes", dict(message.attributes), {"colour": "red"})
    same("ordering key", message.ordering_key, "key")
    same("delivery attempt", received.delivery_attempt, 0)
    if not message.message_id or not message.publish_time:
        raise AssertionError(f"expected an id and a publish time, got: {message}")
    session.acknowledge("pull", received.ack_id)


def stream_in_order(session):
    session.subscription("ordered", enable_message_ordering=True)
    futures = [
        session.publisher.publish(
            topic_name("ordered"), str(number // 6).encode(), ordering_key=f"key-{number % 6}"
        )
        for number in range(300)
    ]
    for future in futures:
        future.result(TIMEOUT)
    per_key = collections.defaultdict(list)

    def take(message):
        per_key[message.ordering_key].append(int(message.data))
        message.ack()
        return sum(map(len, per_key.values())) == 300

    session.receive("ordered", take)
    for key, numbers in per_key.items():
        same(f"the order of {key}", numbers, list(range(50)))
    same("the number of keys", len(per_key), 6)


def ordered_redelivery(session):
    session.subscription("redelivery", enable_message_ordering=True)
    session.publish("redelivery", "1", "2", "3", ordering_key="key")
    seen = collections.Counter()
    acked = []

    def take(message):
        text = message.data.decode()
        seen[text] += 1
        if (text == "2" and seen[text] == 1) or (text == "3" and "2" not in acked):
            message.nack()
            return False
        message.ack()
        acked.append(text)
        return text == "3"

    session.receive("redelivery", take)
    same("the acknowledged messages", acked, ["1", "2", "3"])


def dead_letter(session):
    session.subscription("morgue")
    session.subscription(
        "failing",
        dead_letter_policy={
            "dead_letter_topic": topic_name("morgue"),
            "max_delivery_attempts": 5,
        },
    )
    session.publish("failing", "poison", colour="red")
    attempts = []

    def take(message):
        attempts.append(message.delivery_attempt)
        message.nack()
        return message.delivery_attempt in (None, 5)

    session.receive("failing", take)
    same("the delivery attempts", attempts, [1, 2, 3, 4, 5])
    message = session.pull("morgue").message
    attributes = dict(message.attributes)
    same("data", message.data, b"poison")
    published = datetime.datetime.fromisoformat(
        attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
    )
    age = datetime.datetime.now(datetime.timezone.utc) - published
    same("whether the publish time is that at the source", abs(age) < datetime.timedelta(hours=1), True)
    same(
        "attributes",
        attributes,
        {
            "colour": "red",
            "CloudPubSubDeadLetterSourceDeliveryCount": "5",
            "CloudPubSubDeadLetterSourceSubscription": "failing",
            "CloudPubSubDeadLetterSourceSubscriptionProject": PROJECT,
        },
    )


def only_filtered(session):
    session.subscription(
        "filtered", filter='attributes.colour = "red" AND NOT hasPrefix(attributes.size, "x")'
    )
    session.publish("filtered", "1", colour="red", size="m")
    session.publish("filtered", "2", colour="blue", size="m")
    session.publish("filtered", "3", colour="red", size="xl")
    session.publish("filtered", "4", colour="red", size="s")
    same("what came", sorted(session.receive_texts("filtered", 2)), ["1", "4"])


def exactly_once(session):
    session.subscription("once", enable_exactly_once_delivery=True)
    session.publish("once", "1", "2", "3")
    futures = []

    def take(message):
        futures.append(message.ack_with_response())
        return len(futures) == 3

    session.receive("once", take)
    for future in futures:
        future.result(TIMEOUT)
    session.publish("once", "4")
    ack_id = session.pull("once").ack_id
    session.acknowledge("once", ack_id)
    refused(exceptions.InvalidArgument, lambda: session.acknowledge("once", ack_id + "0"))


def seek_to_time(session):
    session.subscription("replayed", retain_acked_messages=True)

    def seek(offset):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
        session.subscriber.seek(
            request={"subscription": subscription_name("replayed"), "time": moment},
            timeout=TIMEOUT,
        )

    session.publish("replayed", "a", "b")
    session.receive_texts("replayed", 2)
    seek(-3600)
    same("what came again", sorted(session.receive_texts("replayed", 2)), ["a", "b"])
    session.publish("replayed", "skipped")
    seek(1)
    # What is published before the instant sought is skipped, too.
    time.sleep(1.1)
    session.publish("replayed", "later")
    same("what came after", session.receive_texts("replayed", 1), ["later"])


def snapshots(session):
    session.subscription("pictured")
    session.publish("pictured", "a", "b")
    subscription, name = subscription_name("pictured"), snapshot_name("picture")
    snapshot = session.subscriber.create_snapshot(
        request={"name": name, "subscription": subscription}, timeout=TIMEOUT
    )
    same("the topic", snapshot.topic, topic_name("pictured"))
    session.receive_texts("pictured", 2)
    listed = session.subscriber.list_snapshots(request={"project": f"projects/{PROJECT}"})
    same("the listed snapshots", [each.name for each in listed], [name])

    def seek():
        session.subscriber.seek(
            request={"subscription": subscription, "snapshot": name}, timeout=TIMEOUT
        )

    seek()
    same("what came again", sorted(session.receive_texts("pictured", 2)), ["a", "b"])
    session.subscriber.delete_snapshot(request={"snapshot": name}, timeout=TIMEOUT)
    refused(exceptions.NotFound, seek)


DELIVERY = [
    ("publishes, pulls and acknowledges", pull_and_acknowledge),
    ("streams 300 messages in order within each of 6 keys", stream_in_order),
    ("delivers a key in order again after a nack", ordered_redelivery),
    ("forwards to the dead-letter topic after 5 attempts, with the source attributes", dead_letter),
    ("delivers only what the filter lets through", only_filtered),
    ("confirms acks on an exactly-once subscription and refuses an ack id that no lease has", exactly_once),
    ("seeks to a time", seek_to_time),
    ("creates, lists, seeks and deletes a snapshot", snapshots),
]
