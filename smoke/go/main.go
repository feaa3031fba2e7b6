// Command smoke runs Google's Go client against the Pub/Sub server at PUBSUB_EMULATOR_HOST.
// It prints one TAP line a check and ends with 1 at the first that fails.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"cloud.google.com/go/pubsub/v2"
)

const project = "smoke-go"

// checkTimeout bounds each check, so that a message that never comes is a failure and not a wait.
const checkTimeout = 30 * time.Second

type check struct {
	name string
	run  func(ctx context.Context, s *smoke) error
}

func main() {
	if os.Getenv("PUBSUB_EMULATOR_HOST") == "" {
		fmt.Println("Bail out! expected PUBSUB_EMULATOR_HOST to be the server's host:port, got none")
		os.Exit(2)
	}
	client, err := pubsub.NewClient(context.Background(), project)
	if err != nil {
		fmt.Printf("Bail out! %v\n", err)
		os.Exit(2)
	}
	s := &smoke{client}
	checks := append(delivery, administration...)
	fmt.Printf("1..%d\n", len(checks))
	for index, check := range checks {
		ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
		err := check.run(ctx, s)
		cancel()
		if err != nil {
			fmt.Printf("not ok %d - %s\n# %v\n", index+1, check.name, err)
			os.Exit(1)
		}
		fmt.Printf("ok %d - %s\n", index+1, check.name)
	}
	if err := client.Close(); err != nil {
		fmt.Printf("Bail out! closing the client: %v\n", err)
		os.Exit(1)
	}
}
