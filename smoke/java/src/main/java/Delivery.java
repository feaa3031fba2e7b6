import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.google.api.gax.rpc.StatusCode;
import com.google.cloud.pubsub.v1.AckResponse;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.protobuf.Timestamp;
import com.google.pubsub.v1.DeadLetterPolicy;
import com.google.pubsub.v1.ProjectName;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.SeekRequest;
import com.google.pubsub.v1.Snapshot;
import com.google.pubsub.v1.Subscription;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/** Checks of how messages come. */
record Delivery(Session session) {
  List<Check> checks() {
    return List.of(
        new Check("publishes, pulls and acknowledges", this::pullAndAcknowledge),
        new Check("streams 300 messages in order within each of 6 keys", this::streamInOrder),
        new Check("delivers a key in order again after a nack", this::orderedRedelivery),
        new Check(
            "forwards to the dead-letter topic after 5 attempts, with the source attributes",
            this::deadLetter),
        new Check("delivers only what the filter lets through", this::filter),
        new Check(
            "confirms acks on an exactly-once subscription and refuses an ack id that no lease has",
            this::exactlyOnce),
        new Check("seeks to a time", this::seekToTime),
        new Check("creates, lists, seeks and deletes a snapshot", this::snapshots));
  }

  private void pullAndAcknowledge() throws Exception {
    session.subscription("pull");
    session.publish(
        "pull",
        List.of(Session.message("a").putAttributes("colour", "red").setOrderingKey("key").build()));
    ReceivedMessage received = session.pull("pull");
    PubsubMessage message = received.getMessage();
    Check.same("data", message.getData().toStringUtf8(), "a");
    Check.same("attributes", message.getAttributesMap(), Map.of("colour", "red"));
    Check.same("ordering key", message.getOrderingKey(), "key");
    Check.same("delivery attempt", received.getDeliveryAttempt(), 0);
    Check.same("whether it lacks an id", message.getMessageId().isEmpty(), false);
    Check.same("whether it has a publish time", message.hasPublishTime(), true);
    session.acknowledge("pull", received.getAckId());
  }

  private void streamInOrder() throws Exception {
    session.subscription("ordered", Subscription.newBuilder().setEnableMessageOrdering(true));
    session.publish(
        "ordered",
        IntStream.range(0, 300)
            .mapToObj(
                number ->
                    Session.message(String.valueOf(number / 6))
                        .setOrderingKey("key-" + number % 6)
                        .build())
            .toList());
    Map<String, List<Integer>> perKey = new TreeMap<>();
    session.receive(
        "ordered",
        (message, reply) -> {
          perKey
              .computeIfAbsent(message.getOrderingKey(), key -> new ArrayList<>())
              .add(Integer.valueOf(message.getData().toStringUtf8()));
          reply.ack();
          return perKey.values().stream().mapToInt(List::size).sum() == 300;
        });
    List<Integer> wanted = IntStream.range(0, 50).boxed().toList();
    perKey.forEach((key, numbers) -> Check.same("the order of " + key, numbers, wanted));
    Check.same("the number of keys", perKey.size(), 6);
  }

  private void orderedRedelivery() throws Exception {
    session.subscription("redelivery", Subscription.newBuilder().setEnableMessageOrdering(true));
    session.publish(
        "redelivery",
        List.of("1", "2", "3").stream()
            .map(text -> Session.message(text).setOrderingKey("key").build())
            .toList());
    Set<String> seen = new HashSet<>();
    List<String> acknowledged = new ArrayList<>();
    session.receive(
        "redelivery",
        (message, reply) -> {
          String text = message.getData().toStringUtf8();
          boolean first = seen.add(text);
          if (text.equals("2") && first || text.equals("3") && !acknowledged.contains("2")) {
            reply.nack();
            return false;
          }
          reply.ack();
          acknowledged.add(text);
          return text.equals("3");
        });
    Check.same("the acknowledged messages", acknowledged, List.of("1", "2", "3"));
  }

  private void deadLetter() throws Exception {
    session.subscription("morgue");
    session.subscription(
        "failing",
        Subscription.newBuilder()
            .setDeadLetterPolicy(
                DeadLetterPolicy.newBuilder()
                    .setDeadLetterTopic(Session.topicName("morgue"))
                    .setMaxDeliveryAttempts(5)));
    session.publish(
        "failing", List.of(Session.message("poison").putAttributes("colour", "red").build()));
    List<Integer> attempts = new ArrayList<>();
    session.receive(
        "failing",
        (message, reply) -> {
          Integer attempt = Subscriber.getDeliveryAttempt(message);
          attempts.add(attempt);
          reply.nack();
          return attempt == null || attempt == 5;
        });
    Check.same("the delivery attempts", attempts, List.of(1, 2, 3, 4, 5));
    PubsubMessage message = session.pull("morgue").getMessage();
    Map<String, String> attributes = new HashMap<>(message.getAttributesMap());
    Instant published =
        OffsetDateTime.parse(attributes.remove("CloudPubSubDeadLetterSourceTopicPublishTime"))
            .toInstant();
    Check.same(
        "whether the publish time is that at the source",
        Duration.between(published, Instant.now()).abs().toHours() < 1,
        true);
    Check.same("data", message.getData().toStringUtf8(), "poison");
    Check.same(
        "attributes",
        attributes,
        Map.of(
            "colour", "red",
            "CloudPubSubDeadLetterSourceDeliveryCount", "5",
            "CloudPubSubDeadLetterSourceSubscription", "failing",
            "CloudPubSubDeadLetterSourceSubscriptionProject", Session.PROJECT));
  }

  private static PubsubMessage shirt(String text, String colour, String size) {
    return Session.message(text).putAttributes("colour", colour).putAttributes("size", size).build();
  }

  private void filter() throws Exception {
    session.subscription(
        "filtered",
        Subscription.newBuilder()
            .setFilter("attributes.colour = \"red\" AND NOT hasPrefix(attributes.size, \"x\")"));
    session.publish(
        "filtered",
        List.of(
            shirt("1", "red", "m"),
            shirt("2", "blue", "m"),
            shirt("3", "red", "xl"),
            shirt("4", "red", "s")));
    Check.same("what came", Set.copyOf(session.receiveTexts("filtered", 2)), Set.of("1", "4"));
  }

  private void exactlyOnce() throws Exception {
    session.subscription("once", Subscription.newBuilder().setEnableExactlyOnceDelivery(true));
    session.publish("once", "1", "2", "3");
    List<Future<AckResponse>> responses = new ArrayList<>();
    session.receive(
        "once",
        (message, reply) -> {
          responses.add(reply.ack());
          return responses.size() == 3;
        });
    for (Future<AckResponse> response : responses)
      Check.same("the response to the ack", Session.await(response), AckResponse.SUCCESSFUL);
    session.publish("once", "4");
    String ackId = session.pull("once").getAckId();
    session.acknowledge("once", ackId);
    Check.refused(
        StatusCode.Code.INVALID_ARGUMENT, () -> session.acknowledge("once", ackId + "0"));
  }

  private void seek(String id, Instant moment) {
    session.subscriptions.seek(
        SeekRequest.newBuilder()
            .setSubscription(Session.subscriptionName(id))
            .setTime(
                Timestamp.newBuilder()
                    .setSeconds(moment.getEpochSecond())
                    .setNanos(moment.getNano()))
            .build());
  }

  private void seekToTime() throws Exception {
    session.subscription("replayed", Subscription.newBuilder().setRetainAckedMessages(true));
    session.publish("replayed", "a", "b");
    session.receiveTexts("replayed", 2);
    seek("replayed", Instant.now().minusSeconds(3600));
    Check.same(
        "what came again", Set.copyOf(session.receiveTexts("replayed", 2)), Set.of("a", "b"));
    session.publish("replayed", "skipped");
    seek("replayed", Instant.now().plusSeconds(1));
    // What is published before the instant sought is skipped, too.
    MILLISECONDS.sleep(1100);
    session.publish("replayed", "later");
    Check.same("what came after", session.receiveTexts("replayed", 1), List.of("later"));
  }

  private void snapshots() throws Exception {
    session.subscription("pictured");
    session.publish("pictured", "a", "b");
    String subscription = Session.subscriptionName("pictured");
    String name = Session.snapshotName("picture");
    Snapshot snapshot = session.subscriptions.createSnapshot(name, subscription);
    Check.same("the topic", snapshot.getTopic(), Session.topicName("pictured"));
    session.receiveTexts("pictured", 2);
    List<String> listed = new ArrayList<>();
    for (Snapshot each :
        session.subscriptions.listSnapshots(ProjectName.of(Session.PROJECT)).iterateAll())
      listed.add(each.getName());
    Check.same("the listed snapshots", listed, List.of(name));
    SeekRequest seek =
        SeekRequest.newBuilder().setSubscription(subscription).setSnapshot(name).build();
    session.subscriptions.seek(seek);
    Check.same(
        "what came again", Set.copyOf(session.receiveTexts("pictured", 2)), Set.of("a", "b"));
    session.subscriptions.deleteSnapshot(name);
    Check.refused(StatusCode.Code.NOT_FOUND, () -> session.subscriptions.seek(seek));
  }
}
