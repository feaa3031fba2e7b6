package main

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

var administration = []check{
	{"lists topics page by page", listByPages},
	{"updates only the fields of the mask", updateByMask},
	{"detaches a subscription", detach},
	{"deletes a topic, which leaves its subscription without one, and the subscription", deleteBoth},
	{"answers NOT_FOUND for what is not there", notFound},
	{"answers ALREADY_EXISTS for a second creation", alreadyExists},
	{"answers INVALID_ARGUMENT for what the service refuses", invalidArgument},
}

func listByPages(ctx context.Context, s *smoke) error {
	want := map[string]bool{}
	for number := range 7 {
		id := fmt.Sprint("listed-", number)
		if err := s.topic(ctx, id); err != nil {
			return err
		}
		want[topicName(id)] = true
	}
	topics := s.client.TopicAdminClient.ListTopics(ctx, &pubsubpb.ListTopicsRequest{
		Project: "projects/" + project,
	})
	pager := iterator.NewPager(topics, 3, "")
	for pages := 0; pages < 100; pages++ {
		var page []*pubsubpb.Topic
		next, err := pager.NextPage(&page)
		if err != nil {
			return err
		}
		if next != "" && len(page) != 3 {
			return fmt.Errorf("expected pages of 3, got: %d", len(page))
		}
		for _, topic := range page {
			delete(want, topic.Name)
		}
		if next == "" {
			return same("the topics that no page named", len(want), 0)
		}
	}
	return fmt.Errorf("expected an end of the pages, got 100 of them")
}

func updateByMask(ctx context.Context, s *smoke) error {
	err := s.subscription(ctx, "updated", &pubsubpb.Subscription{
		AckDeadlineSeconds: 20, Labels: map[string]string{"stage": "one"},
	})
	if err != nil {
		return err
	}
	admin := s.client.SubscriptionAdminClient
	_, err = admin.UpdateSubscription(ctx, &pubsubpb.UpdateSubscriptionRequest{
		Subscription: &pubsubpb.Subscription{
			Name:               subscriptionName("updated"),
			AckDeadlineSeconds: 42,
			Labels:             map[string]string{"stage": "two"},
			RetryPolicy:        &pubsubpb.RetryPolicy{MinimumBackoff: durationpb.New(time.Second)},
		},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"ack_deadline_seconds", "retry_policy"}},
	})
	if err != nil {
		return err
	}
	got, err := admin.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: subscriptionName("updated")})
	if err != nil {
		return err
	}
	return firstError(
		same("the ack deadline", got.AckDeadlineSeconds, 42),
		same("the labels", got.Labels, map[string]string{"stage": "one"}),
		same("the minimum backoff", got.RetryPolicy.GetMinimumBackoff().AsDuration(), time.Second),
	)
}

func detach(ctx context.Context, s *smoke) error {
	if err := s.subscription(ctx, "detached", &pubsubpb.Subscription{}); err != nil {
		return err
	}
	name := subscriptionName("detached")
	_, err := s.client.TopicAdminClient.DetachSubscription(ctx, &pubsubpb.DetachSubscriptionRequest{Subscription: name})
	if err != nil {
		return err
	}
	admin := s.client.SubscriptionAdminClient
	got, err := admin.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: name})
	if err != nil {
		return err
	}
	_, err = s.pull(ctx, "detached")
	return firstError(same("detached", got.Detached, true), hasStatus(err, codes.FailedPrecondition))
}

func deleteBoth(ctx context.Context, s *smoke) error {
	if err := s.subscription(ctx, "deleted", &pubsubpb.Subscription{}); err != nil {
		return err
	}
	name := subscriptionName("deleted")
	err := s.client.TopicAdminClient.DeleteTopic(ctx, &pubsubpb.DeleteTopicRequest{Topic: topicName("deleted")})
	if err != nil {
		return err
	}
	admin := s.client.SubscriptionAdminClient
	got, err := admin.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: name})
	if err != nil {
		return err
	}
	if err := same("the topic", got.Topic, "_deleted-topic_"); err != nil {
		return err
	}
	if err := admin.DeleteSubscription(ctx, &pubsubpb.DeleteSubscriptionRequest{Subscription: name}); err != nil {
		return err
	}
	_, err = admin.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: name})
	return hasStatus(err, codes.NotFound)
}

func notFound(ctx context.Context, s *smoke) error {
	_, topic := s.client.TopicAdminClient.GetTopic(ctx, &pubsubpb.GetTopicRequest{Topic: topicName("nowhere")})
	_, pulled := s.pull(ctx, "nowhere")
	streamed := s.receive(ctx, "nowhere", func(*pubsub.Message) bool { return true })
	return firstError(
		hasStatus(topic, codes.NotFound),
		hasStatus(s.publishTexts(ctx, "nowhere", "a"), codes.NotFound),
		hasStatus(pulled, codes.NotFound),
		hasStatus(streamed, codes.NotFound),
	)
}

func alreadyExists(ctx context.Context, s *smoke) error {
	if err := s.subscription(ctx, "twice", &pubsubpb.Subscription{}); err != nil {
		return err
	}
	_, err := s.client.SubscriptionAdminClient.CreateSubscription(ctx, &pubsubpb.Subscription{
		Name: subscriptionName("twice"), Topic: topicName("twice"),
	})
	return firstError(
		hasStatus(s.topic(ctx, "twice"), codes.AlreadyExists),
		hasStatus(err, codes.AlreadyExists),
	)
}

func invalidArgument(ctx context.Context, s *smoke) error {
	create := func(id string, settings *pubsubpb.Subscription) error {
		settings.Name, settings.Topic = subscriptionName(id), topicName("invalid")
		_, err := s.client.SubscriptionAdminClient.CreateSubscription(ctx, settings)
		return err
	}
	return firstError(
		s.topic(ctx, "invalid"),
		hasStatus(s.topic(ctx, "2-bad name"), codes.InvalidArgument),
		hasStatus(create("deadline", &pubsubpb.Subscription{AckDeadlineSeconds: 601}), codes.InvalidArgument),
		hasStatus(create("filter", &pubsubpb.Subscription{Filter: "colour = red"}), codes.InvalidArgument),
		hasStatus(s.publish(ctx, "invalid", &pubsub.Message{}), codes.InvalidArgument),
	)
}
