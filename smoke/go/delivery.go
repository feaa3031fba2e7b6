package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var delivery = []check{
	{"publishes, pulls and acknowledges", pullAndAcknowledge},
	{"streams 300 messages in order within each of 6 keys", streamInOrder},
	{"delivers a key in order again after a nack", orderedRedelivery},
	{"forwards to the dead-letter topic after 5 attempts, with the source attributes", deadLetter},
	{"delivers only what the filter lets through", filter},
	{"confirms acks on an exactly-once subscription and refuses an ack id that no lease has", exactlyOnce},
	{"seeks to a time", seekToTime},
	{"creates, lists, seeks and deletes a snapshot", snapshots},
}

func pullAndAcknowledge(ctx context.Context, s *smoke) error {
	if err := s.subscription(ctx, "pull", &pubsubpb.Subscription{}); err != nil {
		return err
	}
	err := s.publish(ctx, "pull", &pubsub.Message{
		Data: []byte("a"), Attributes: map[string]string{"colour": "red"}, OrderingKey: "key",
	})
	if err != nil {
		return err
	}
	received, err := s.pull(ctx, "pull")
	if err != nil {
		return err
	}
	message := received.Message
	if message.MessageId == "" || message.PublishTime == nil {
		return fmt.Errorf("expected an id and a publish time, got: %v", message)
	}
	return firstError(
		same("data", string(message.Data), "a"),
		same("attributes", message.Attributes, map[string]string{"colour": "red"}),
		same("ordering key", message.OrderingKey, "key"),
		same("delivery attempt", received.DeliveryAttempt, 0),
		s.acknowledge(ctx, "pull", received.AckId),
	)
}

func streamInOrder(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "ordered", &pubsubpb.Subscription{EnableMessageOrdering: true})
	if err != nil {
		return err
	}
	var messages []*pubsub.Message
	for number := range 300 {
		messages = append(messages, &pubsub.Message{
			Data: fmt.Append(nil, number/6), OrderingKey: fmt.Sprint("key-", number%6),
		})
	}
	if err := s.publish(ctx, "ordered", messages...); err != nil {
		return err
	}
	perKey := map[string][]string{}
	count := 0
	err = s.receive(ctx, "ordered", func(message *pubsub.Message) bool {
		perKey[message.OrderingKey] = append(perKey[message.OrderingKey], string(message.Data))
		message.Ack()
		count++
		return count == 300
	})
	if err != nil {
		return err
	}
	var want []string
	for number := range 50 {
		want = append(want, fmt.Sprint(number))
	}
	for key, got := range perKey {
		if err := same("the order of "+key, got, want); err != nil {
			return err
		}
	}
	return same("the number of keys", len(perKey), 6)
}

func orderedRedelivery(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "redelivery", &pubsubpb.Subscription{EnableMessageOrdering: true})
	if err != nil {
		return err
	}
	err = s.publish(ctx, "redelivery",
		&pubsub.Message{Data: []byte("1"), OrderingKey: "key"},
		&pubsub.Message{Data: []byte("2"), OrderingKey: "key"},
		&pubsub.Message{Data: []byte("3"), OrderingKey: "key"})
	if err != nil {
		return err
	}
	seen := map[string]int{}
	var acked []string
	err = s.receive(ctx, "redelivery", func(message *pubsub.Message) bool {
		text := string(message.Data)
		seen[text]++
		if text == "2" && seen[text] == 1 || text == "3" && !slices.Contains(acked, "2") {
			message.Nack()
			return false
		}
		message.Ack()
		acked = append(acked, text)
		return text == "3"
	})
	return firstError(err, same("the acknowledged messages", acked, []string{"1", "2", "3"}))
}

func deadLetter(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "morgue", &pubsubpb.Subscription{})
	if err != nil {
		return err
	}
	err = s.subscription(ctx, "failing", &pubsubpb.Subscription{
		DeadLetterPolicy: &pubsubpb.DeadLetterPolicy{
			DeadLetterTopic: topicName("morgue"), MaxDeliveryAttempts: 5,
		},
	})
	if err != nil {
		return err
	}
	err = s.publish(ctx, "failing", &pubsub.Message{
		Data: []byte("poison"), Attributes: map[string]string{"colour": "red"},
	})
	if err != nil {
		return err
	}
	var attempts []int
	err = s.receive(ctx, "failing", func(message *pubsub.Message) bool {
		if message.DeliveryAttempt != nil {
			attempts = append(attempts, *message.DeliveryAttempt)
		}
		message.Nack()
		return message.DeliveryAttempt == nil || *message.DeliveryAttempt == 5
	})
	if err != nil {
		return err
	}
	received, err := s.pull(ctx, "morgue")
	if err != nil {
		return err
	}
	attributes := received.Message.Attributes
	published, err := time.Parse(time.RFC3339Nano, attributes["CloudPubSubDeadLetterSourceTopicPublishTime"])
	if err != nil || time.Since(published) > time.Hour {
		return fmt.Errorf("expected the publish time at the source, got: %v", attributes)
	}
	return firstError(
		same("the delivery attempts", attempts, []int{1, 2, 3, 4, 5}),
		same("data", string(received.Message.Data), "poison"),
		same("attribute colour", attributes["colour"], "red"),
		same("delivery count", attributes["CloudPubSubDeadLetterSourceDeliveryCount"], "5"),
		same("source subscription", attributes["CloudPubSubDeadLetterSourceSubscription"], "failing"),
		same("source project", attributes["CloudPubSubDeadLetterSourceSubscriptionProject"], project),
	)
}

func filter(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "filtered", &pubsubpb.Subscription{
		Filter: `attributes.colour = "red" AND NOT hasPrefix(attributes.size, "x")`,
	})
	if err != nil {
		return err
	}
	message := func(text, colour, size string) *pubsub.Message {
		return &pubsub.Message{
			Data: []byte(text), Attributes: map[string]string{"colour": colour, "size": size},
		}
	}
	err = s.publish(ctx, "filtered",
		message("1", "red", "m"), message("2", "blue", "m"), message("3", "red", "xl"), message("4", "red", "s"))
	if err != nil {
		return err
	}
	texts, err := s.receiveTexts(ctx, "filtered", 2)
	if err != nil {
		return err
	}
	slices.Sort(texts)
	return same("what came", texts, []string{"1", "4"})
}

func exactlyOnce(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "once", &pubsubpb.Subscription{EnableExactlyOnceDelivery: true})
	if err != nil {
		return err
	}
	if err := s.publishTexts(ctx, "once", "1", "2", "3"); err != nil {
		return err
	}
	var results []*pubsub.AckResult
	err = s.receive(ctx, "once", func(message *pubsub.Message) bool {
		results = append(results, message.AckWithResult())
		return len(results) == 3
	})
	if err != nil {
		return err
	}
	for _, result := range results {
		if status, err := result.Get(ctx); err != nil || status != pubsub.AcknowledgeStatusSuccess {
			return fmt.Errorf("expected the ack to succeed, got: %v (%v)", status, err)
		}
	}
	if err := s.publishTexts(ctx, "once", "4"); err != nil {
		return err
	}
	received, err := s.pull(ctx, "once")
	if err != nil {
		return err
	}
	return firstError(
		s.acknowledge(ctx, "once", received.AckId),
		hasStatus(s.acknowledge(ctx, "once", received.AckId+"0"), codes.InvalidArgument),
	)
}

func seekToTime(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "replayed", &pubsubpb.Subscription{RetainAckedMessages: true})
	if err != nil {
		return err
	}
	if err := s.publishTexts(ctx, "replayed", "a", "b"); err != nil {
		return err
	}
	if _, err := s.receiveTexts(ctx, "replayed", 2); err != nil {
		return err
	}
	seek := func(to time.Time) error {
		_, err := s.client.SubscriptionAdminClient.Seek(ctx, &pubsubpb.SeekRequest{
			Subscription: subscriptionName("replayed"),
			Target:       &pubsubpb.SeekRequest_Time{Time: timestamppb.New(to)},
		})
		return err
	}
	if err := seek(time.Now().Add(-time.Hour)); err != nil {
		return err
	}
	texts, err := s.receiveTexts(ctx, "replayed", 2)
	if err != nil {
		return err
	}
	slices.Sort(texts)
	if err := same("what came again", texts, []string{"a", "b"}); err != nil {
		return err
	}
	if err := s.publishTexts(ctx, "replayed", "skipped"); err != nil {
		return err
	}
	if err := seek(time.Now().Add(time.Second)); err != nil {
		return err
	}
	// What is published before the instant sought is skipped too, by the service's own words.
	select {
	case <-time.After(1100 * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.publishTexts(ctx, "replayed", "later"); err != nil {
		return err
	}
	texts, err = s.receiveTexts(ctx, "replayed", 1)
	return firstError(err, same("what came after", texts, []string{"later"}))
}

func snapshots(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "pictured", &pubsubpb.Subscription{})
	if err != nil {
		return err
	}
	if err := s.publishTexts(ctx, "pictured", "a", "b"); err != nil {
		return err
	}
	admin := s.client.SubscriptionAdminClient
	snapshot, err := admin.CreateSnapshot(ctx, &pubsubpb.CreateSnapshotRequest{
		Name: snapshotName("picture"), Subscription: subscriptionName("pictured"),
	})
	if err != nil {
		return err
	}
	if err := same("the topic", snapshot.Topic, topicName("pictured")); err != nil {
		return err
	}
	if _, err := s.receiveTexts(ctx, "pictured", 2); err != nil {
		return err
	}
	listed, err := admin.ListSnapshots(ctx, &pubsubpb.ListSnapshotsRequest{Project: "projects/" + project}).Next()
	if err != nil {
		return err
	}
	if err := same("the listed snapshot", listed.Name, snapshot.Name); err != nil {
		return err
	}
	seek := &pubsubpb.SeekRequest{
		Subscription: subscriptionName("pictured"),
		Target:       &pubsubpb.SeekRequest_Snapshot{Snapshot: snapshot.Name},
	}
	if _, err := admin.Seek(ctx, seek); err != nil {
		return err
	}
	texts, err := s.receiveTexts(ctx, "pictured", 2)
	if err != nil {
		return err
	}
	slices.Sort(texts)
	if err := same("what came again", texts, []string{"a", "b"}); err != nil {
		return err
	}
	if err := admin.DeleteSnapshot(ctx, &pubsubpb.DeleteSnapshotRequest{Snapshot: snapshot.Name}); err != nil {
		return err
	}
	_, err = admin.Seek(ctx, seek)
	return hasStatus(err, codes.NotFound)
}
