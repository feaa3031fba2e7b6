import com.google.api.core.ApiService;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.grpc.GrpcTransportChannel;
import com.google.api.gax.rpc.FixedTransportChannelProvider;
import com.google.api.gax.rpc.TransportChannelProvider;
import com.google.cloud.pubsub.v1.AckReplyConsumerWithResponse;
import com.google.cloud.pubsub.v1.MessageReceiverWithAckResponse;
import com.google.cloud.pubsub.v1.Publisher;
import com.google.cloud.pubsub.v1.Subscriber;
import com.google.cloud.pubsub.v1.SubscriptionAdminClient;
import com.google.cloud.pubsub.v1.SubscriptionAdminSettings;
import com.google.cloud.pubsub.v1.TopicAdminClient;
import com.google.cloud.pubsub.v1.TopicAdminSettings;
import com.google.protobuf.ByteString;
import com.google.pubsub.v1.PubsubMessage;
import com.google.pubsub.v1.PullRequest;
import com.google.pubsub.v1.ReceivedMessage;
import com.google.pubsub.v1.Subscription;
import com.google.pubsub.v1.Topic;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What the checks share: names, clients and bounded waits. */
final class Session implements AutoCloseable {
  static final String PROJECT = "smoke-java";

  /** Bounds each wait in seconds, so that a message that never comes is a failure and not a wait. */
  static final int TIMEOUT = 30;

  final TopicAdminClient topics;
  final SubscriptionAdminClient subscriptions;
  private final ManagedChannel channel;
  private final TransportChannelProvider transport;

  Session(String host) throws Exception {
    channel = ManagedChannelBuilder.forTarget(host).usePlaintext().build();
    transport = FixedTransportChannelProvider.create(GrpcTransportChannel.create(channel));
    topics =
        TopicAdminClient.create(
            TopicAdminSettings.newBuilder()
                .setTransportChannelProvider(transport)
                .setCredentialsProvider(NoCredentialsProvider.create())
                .build());
    subscriptions =
        SubscriptionAdminClient.create(
            SubscriptionAdminSettings.newBuilder()
                .setTransportChannelProvider(transport)
                .setCredentialsProvider(NoCredentialsProvider.create())
                .build());
  }

  static String topicName(String id) {
    return "projects/" + PROJECT + "/topics/" + id;
  }

  static String subscriptionName(String id) {
    return "projects/" + PROJECT + "/subscriptions/" + id;
  }

  static String snapshotName(String id) {
    return "projects/" + PROJECT + "/snapshots/" + id;
  }

  static PubsubMessage.Builder message(String text) {
    return PubsubMessage.newBuilder().setData(ByteString.copyFromUtf8(text));
  }

  static <T> T await(Future<T> future) throws Exception {
    return future.get(TIMEOUT, TimeUnit.SECONDS);
  }

  Topic topic(String id) {
    return topics.createTopic(Topic.newBuilder().setName(topicName(id)).build());
  }

  /** A topic and a subscription of the same id; the settings may hold more fields. */
  Subscription subscription(String id, Subscription.Builder settings) {
    topic(id);
    return subscriptions.createSubscription(
        settings.setName(subscriptionName(id)).setTopic(topicName(id)).build());
  }

  Subscription subscription(String id) {
    return subscription(id, Subscription.newBuilder());
  }

  void publish(String id, List<PubsubMessage> messages) throws Exception {
    Publisher publisher =
        Publisher.newBuilder(topicName(id))
            .setChannelProvider(transport)
            .setCredentialsProvider(NoCredentialsProvider.create())
            .setEnableMessageOrdering(true)
            .build();
    try {
      List<Future<String>> ids = new ArrayList<>();
      for (PubsubMessage message : messages) ids.add(publisher.publish(message));
      for (Future<String> each : ids) await(each);
    } finally {
      publisher.shutdown();
    }
  }

  void publish(String id, String... texts) throws Exception {
    publish(id, Arrays.stream(texts).map(text -> message(text).build()).toList());
  }

  ReceivedMessage pull(String id) {
    List<ReceivedMessage> received =
        subscriptions
            .pullCallable()
            .call(
                PullRequest.newBuilder()
                    .setSubscription(subscriptionName(id))
                    .setMaxMessages(1)
                    .build())
            .getReceivedMessagesList();
    Check.same("the number of messages pulled", received.size(), 1);
    return received.get(0);
  }

  void acknowledge(String id, String ackId) {
    subscriptions.acknowledge(subscriptionName(id), List.of(ackId));
  }

  /** Says whether it has enough; runs for one message at a time. */
  interface Take {
    boolean message(PubsubMessage message, AckReplyConsumerWithResponse reply);
  }

  /** Streams until `take` has enough. */
  void receive(String id, Take take) throws Exception {
    CompletableFuture<Void> enough = new CompletableFuture<>();
    Object lock = new Object();
    MessageReceiverWithAckResponse receiver =
        (message, reply) -> {
          synchronized (lock) {
            if (enough.isDone()) {
              reply.nack();
              return;
            }
            try {
              if (take.message(message, reply)) enough.complete(null);
            } catch (RuntimeException | AssertionError error) {
              enough.completeExceptionally(error);
            }
          }
        };
    Subscriber subscriber =
        Subscriber.newBuilder(subscriptionName(id), receiver)
            .setChannelProvider(transport)
            .setCredentialsProvider(NoCredentialsProvider.create())
            .build();
    subscriber.addListener(
        new ApiService.Listener() {
          @Override
          public void failed(ApiService.State from, Throwable failure) {
            enough.completeExceptionally(failure);
          }
        },
        Runnable::run);
    subscriber.startAsync();
    try {
      await(enough);
    } catch (TimeoutException error) {
      throw new AssertionError("the messages expected from " + id + " did not come in time");
    } catch (ExecutionException error) {
      if (error.getCause() instanceof Exception cause) throw cause;
      throw error;
    } finally {
      if (subscriber.state() != ApiService.State.FAILED)
        subscriber.stopAsync().awaitTerminated(TIMEOUT, TimeUnit.SECONDS);
    }
  }

  /** Streams and acknowledges. */
  List<String> receiveTexts(String id, int count) throws Exception {
    List<String> texts = new ArrayList<>();
    receive(
        id,
        (message, reply) -> {
          texts.add(message.getData().toStringUtf8());
          reply.ack();
          return texts.size() == count;
        });
    return texts;
  }

  @Override
  public void close() throws Exception {
    topics.close();
    subscriptions.close();
    channel.shutdownNow().awaitTermination(TIMEOUT, TimeUnit.SECONDS);
  }
}
