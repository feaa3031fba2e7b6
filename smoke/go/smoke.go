package main

import (
	"context"
	"fmt"
	"sync"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type smoke struct{ client *pubsub.Client }

func topicName(id string) string        { return "projects/" + project + "/topics/" + id }
func subscriptionName(id string) string { return "projects/" + project + "/subscriptions/" + id }
func snapshotName(id string) string     { return "projects/" + project + "/snapshots/" + id }

func (s *smoke) topic(ctx context.Context, id string) error {
	_, err := s.client.TopicAdminClient.CreateTopic(ctx, &pubsubpb.Topic{Name: topicName(id)})
	return err
}

// subscription makes a topic and a subscription of the same id; `settings` may hold more fields.
func (s *smoke) subscription(ctx context.Context, id string, settings *pubsubpb.Subscription) error {
	if err := s.topic(ctx, id); err != nil {
		return err
	}
	settings.Name, settings.Topic = subscriptionName(id), topicName(id)
	_, err := s.client.SubscriptionAdminClient.CreateSubscription(ctx, settings)
	return err
}

func (s *smoke) publish(ctx context.Context, id string, messages ...*pubsub.Message) error {
	publisher := s.client.Publisher(id)
	publisher.EnableMessageOrdering = true
	defer publisher.Stop()
	results := make([]*pubsub.PublishResult, 0, len(messages))
	for _, message := range messages {
		results = append(results, publisher.Publish(ctx, message))
	}
	for _, result := range results {
		if _, err := result.Get(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *smoke) publishTexts(ctx context.Context, id string, texts ...string) error {
	messages := make([]*pubsub.Message, 0, len(texts))
	for _, text := range texts {
		messages = append(messages, &pubsub.Message{Data: []byte(text)})
	}
	return s.publish(ctx, id, messages...)
}

// receive streams until `take` says it has enough. `take` runs for one message at a time.
func (s *smoke) receive(ctx context.Context, id string, take func(*pubsub.Message) (enough bool)) error {
	streaming, stop := context.WithCancel(ctx)
	defer stop()
	var mutex sync.Mutex
	done := false
	err := s.client.Subscriber(id).Receive(streaming, func(_ context.Context, message *pubsub.Message) {
		mutex.Lock()
		defer mutex.Unlock()
		if done {
			message.Nack()
			return
		}
		if take(message) {
			done = true
			stop()
		}
	})
	if err != nil {
		return err
	}
	if !done {
		return fmt.Errorf("the messages expected from %s did not come in time", id)
	}
	return nil
}

// receiveTexts streams and acknowledges `count` messages.
func (s *smoke) receiveTexts(ctx context.Context, id string, count int) ([]string, error) {
	var texts []string
	err := s.receive(ctx, id, func(message *pubsub.Message) bool {
		texts = append(texts, string(message.Data))
		message.Ack()
		return len(texts) == count
	})
	return texts, err
}

func (s *smoke) pull(ctx context.Context, id string) (*pubsubpb.ReceivedMessage, error) {
	response, err := s.client.SubscriptionAdminClient.Pull(ctx, &pubsubpb.PullRequest{
		Subscription: subscriptionName(id), MaxMessages: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(response.ReceivedMessages) != 1 {
		return nil, fmt.Errorf("expected 1 message, got: %d", len(response.ReceivedMessages))
	}
	return response.ReceivedMessages[0], nil
}

func (s *smoke) acknowledge(ctx context.Context, id string, ackIDs ...string) error {
	return s.client.SubscriptionAdminClient.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{
		Subscription: subscriptionName(id), AckIds: ackIDs,
	})
}

// same is nil where both print alike.
func same(what string, got, want any) error {
	if fmt.Sprint(got) == fmt.Sprint(want) {
		return nil
	}
	return fmt.Errorf("expected %s to be %v, got: %v", what, want, got)
}

func hasStatus(err error, want codes.Code) error {
	if got := status.Code(err); got != want {
		return fmt.Errorf("expected status %v, got: %v (%v)", want, got, err)
	}
	return nil
}

func firstError(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}
