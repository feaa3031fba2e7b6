"""Checks of topics and subscriptions as resources."""

from google.api_core import exceptions

from session import PROJECT, TIMEOUT, refused, same, subscription_name, topic_name


def list_by_pages(session):
    wanted = {session.topic(f"listed-{number}").name for number in range(7)}
    listed = session.publisher.list_topics(
        request={"project": f"projects/{PROJECT}", "page_size": 3}, timeout=TIMEOUT
    )
    sizes = []
    for page in listed.pages:
        sizes.append(len(page.topics))
        wanted -= {topic.name for topic in page.topics}
        same("whether the pages end", len(sizes) < 100, True)
    same("the pages before the last", set(sizes[:-1]), {3})
    same("the topics that no page named", wanted, set())


def update_by_mask(session):
    session.subscription("updated", ack_deadline_seconds=20, labels={"stage": "one"})
    name = subscription_name("updated")
    session.subscriber.update_subscription(
        request={
            "subscription": {
                "name": name,
                "ack_deadline_seconds": 42,
                "labels": {"stage": "two"},
                "retry_policy": {"minimum_backoff": {"seconds": 1}},
            },
            "update_mask": {"paths": ["ack_deadline_seconds", "retry_policy"]},
        },
        timeout=TIMEOUT,
    )
    got = session.subscriber.get_subscription(request={"subscription": name}, timeout=TIMEOUT)
    same("the ack deadline", got.ack_deadline_seconds, 42)
    same("the labels", dict(got.labels), {"stage": "one"})
    same("the minimum backoff", got.retry_policy.minimum_backoff.total_seconds(), 1.0)


def detach(session):
    session.subscription("detached")
    name = subscription_name("detached")
    session.publisher.detach_subscription(request={"subscription": name}, timeout=TIMEOUT)
    got = session.subscriber.get_subscription(request={"subscription": name}, timeout=TIMEOUT)
    same("detached", got.detached, True)
    refused(exceptions.FailedPrecondition, lambda: session.pull("detached"))


def delete_both(session):
    session.subscription("deleted")
    request = {"subscription": subscription_name("deleted")}
    session.publisher.delete_topic(request={"topic": topic_name("deleted")}, timeout=TIMEOUT)
    got = session.subscriber.get_subscription(request=request, timeout=TIMEOUT)
    same("the topic", got.topic, "_deleted-topic_")
    session.subscriber.delete_subscription(request=request, timeout=TIMEOUT)
    refused(
        exceptions.NotFound,
        lambda: session.subscriber.get_subscription(request=request, timeout=TIMEOUT),
    )


def not_found(session):
    refused(
        exceptions.NotFound,
        lambda: session.publisher.get_topic(
            request={"topic": topic_name("nowhere")}, timeout=TIMEOUT
        ),
    )
    refused(exceptions.NotFound, lambda: session.publish("nowhere", "a"))
    refused(exceptions.NotFound, lambda: session.pull("nowhere"))
    refused(exceptions.NotFound, lambda: session.receive("nowhere", lambda _: True))


def already_exists(session):
    session.subscription("twice")
    refused(exceptions.AlreadyExists, lambda: session.topic("twice"))
    refused(
        exceptions.AlreadyExists,
        lambda: session.subscriber.create_subscription(
            request={"name": subscription_name("twice"), "topic": topic_name("twice")},
            timeout=TIMEOUT,
        ),
    )


def invalid_argument(session):
    def create(name, **settings):
        request = {"name": subscription_name(name), "topic": topic_name("invalid"), **settings}
        return lambda: session.subscriber.create_subscription(request=request, timeout=TIMEOUT)

    session.topic("invalid")
    refused(exceptions.InvalidArgument, lambda: session.topic("2-bad name"))
    refused(exceptions.InvalidArgument, create("deadline", ack_deadline_seconds=601))
    refused(exceptions.InvalidArgument, create("filter", filter="colour = red"))
    refused(exceptions.InvalidArgument, lambda: session.publish("invalid", ""))


ADMINISTRATION = [
    ("lists topics page by page", list_by_pages),
    ("updates only the fields of the mask", update_by_mask),
    ("detaches a subscription", detach),
    ("deletes a topic, which leaves its subscription without one, and the subscription", delete_both),
    ("answers NOT_FOUND for what is not there", not_found),
    ("answers ALREADY_EXISTS for a second creation", already_exists),
    ("answers INVALID_ARGUMENT for what the service refuses", invalid_argument),
]
