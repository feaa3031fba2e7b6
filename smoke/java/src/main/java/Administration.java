import com.google.api.gax.rpc.StatusCode;
import com.google.cloud.pubsub.v1.TopicAdminClient.ListTopicsPage;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.pubsub.v1.DetachSubscriptionRequest;
import com.google.pubsub.v1.ListTopicsRequest;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.RetryPolicy;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import com.google.pubsub.v1.UpdateSubscriptionRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Checks of topics and subscriptions as resources. */
record Administration(Session session) {
  List<Check> checks() {
    return List.of(
        new Check("lists topics page by page", this::listByPages),
        new Check("updates only the fields of the mask", this::updateByMask),
        new Check("detaches a subscription", this::detach),
        new Check(
            "deletes a topic, which leaves its subscription without one, and the subscription",
            this::deleteBoth),
        new Check("answers NOT_FOUND for what is not there", this::notFound),
        new Check("answers ALREADY_EXISTS for a second creation", this::alreadyExists),
        new Check("answers INVALID_ARGUMENT for what the service refuses", this::invalidArgument));
  }

  private void listByPages() {
    Set<String> wanted = new HashSet<>();
    for (int number = 0; number < 7; number++) wanted.add(session.topic("listed-" + number).getName());
    ListTopicsPage page =
        session
            .topics
            .listTopics(
                ListTopicsRequest.newBuilder()
                    .setProject("projects/" + Session.PROJECT)
                    .setPageSize(3)
                    .build())
            .getPage();
    for (int pages = 0; page != null; pages++) {
      Check.same("whether the pages end", pages < 100, true);
      int size = 0;
      for (Topic topic : page.getValues()) {
        wanted.remove(topic.getName());
        size++;
      }
      if (page.hasNextPage()) Check.same("the size of a page", size, 3);
      page = page.getNextPage();
    }
    Check.same("the topics that no page named", wanted, Set.of());
  }

  private void updateByMask() {
    session.subscription(
        "updated",
        Subscription.newBuilder().setAckDeadlineSeconds(20).putLabels("stage", "one"));
    String name = Session.subscriptionName("updated");
    session.subscriptions.updateSubscription(
        UpdateSubscriptionRequest.newBuilder()
            .setSubscription(
                Subscription.newBuilder()
                    .setName(name)
                    .setAckDeadlineSeconds(42)
                    .putLabels("stage", "two")
                    .setRetryPolicy(
                        RetryPolicy.newBuilder()
                            .setMinimumBackoff(Duration.newBuilder().setSeconds(1))))
            .setUpdateMask(
                FieldMask.newBuilder().addPaths("ack_deadline_seconds").addPaths("retry_policy"))
            .build());
    Subscription got = session.subscriptions.getSubscription(name);
    Check.same("the ack deadline", got.getAckDeadlineSeconds(), 42);
    Check.same("the labels", got.getLabelsMap(), Map.of("stage", "one"));
    Check.same("the minimum backoff", got.getRetryPolicy().getMinimumBackoff().getSeconds(), 1L);
  }

  private void detach() throws Exception {
    session.subscription("detached");
    String name = Session.subscriptionName("detached");
    session
        .topics
        .detachSubscription(DetachSubscriptionRequest.newBuilder().setSubscription(name).build());
    Check.same("detached", session.subscriptions.getSubscription(name).getDetached(), true);
    Check.refused(StatusCode.Code.FAILED_PRECONDITION, () -> session.pull("detached"));
  }

  private void deleteBoth() throws Exception {
    session.subscription("deleted");
    String name = Session.subscriptionName("deleted");
    session.topics.deleteTopic(Session.topicName("deleted"));
    Check.same(
        "the topic", session.subscriptions.getSubscription(name).getTopic(), "_deleted-topic_");
    session.subscriptions.deleteSubscription(name);
    Check.refused(
        StatusCode.Code.NOT_FOUND, () -> session.subscriptions.getSubscription(name));
  }

  private void notFound() throws Exception {
    Check.refused(
        StatusCode.Code.NOT_FOUND, () -> session.topics.getTopic(Session.topicName("nowhere")));
    Check.refused(StatusCode.Code.NOT_FOUND, () -> session.publish("nowhere", "a"));
    Check.refused(StatusCode.Code.NOT_FOUND, () -> session.pull("nowhere"));
    Check.refused(
        StatusCode.Code.NOT_FOUND, () -> session.receive("nowhere", (message, reply) -> true));
  }

  private void alreadyExists() throws Exception {
    session.subscription("twice");
    Check.refused(StatusCode.Code.ALREADY_EXISTS, () -> session.topic("twice"));
    Check.refused(
        StatusCode.Code.ALREADY_EXISTS,
        () ->
            session.subscriptions.createSubscription(
                Subscription.newBuilder()
                    .setName(Session.subscriptionName("twice"))
                    .setTopic(Session.topicName("twice"))
                    .build()));
  }

  private void create(String id, Subscription.Builder settings) {
    session.subscriptions.createSubscription(
        settings.setName(Session.subscriptionName(id)).setTopic(Session.topicName("invalid")).build());
  }

  private void invalidArgument() throws Exception {
    StatusCode.Code status = StatusCode.Code.INVALID_ARGUMENT;
    session.topic("invalid");
    Check.refused(status, () -> session.topic("2-bad name"));
    Check.refused(
        status, () -> create("deadline", Subscription.newBuilder().setAckDeadlineSeconds(601)));
    Check.refused(
        status, () -> create("filter", Subscription.newBuilder().setFilter("colour = red")));
    Check.refused(
        status, () -> session.publish("invalid", List.of(PubsubMessage.getDefaultInstance())));
  }
}
