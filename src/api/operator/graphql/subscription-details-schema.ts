/** One subscription: its options, who serves it, what failed. */
export const subscriptionDetailsSchema = /* GraphQL */ `
  extend type Query {
    "For operators. As declared, as the broker has it, and as processes serve it."
    subscriptionDetails(name: String!): SubscriptionDetails!
  }

  type SubscriptionDetails {
    name: String!
    topic: String
    isDeclared: Boolean!
    options: [SubscriptionOption!]!
    "Why nothing is known of the broker's options."
    liveUnknown: String
    "Null where the broker does not tell."
    backlog: SubscriptionBacklog
    "Processes that receive from it, as they told in the last minute."
    processes: [ServingProcess!]!
    openDeadLetters: Int!
    "The groups with most open entries."
    deadLetters: [DeadLetterGroup!]!
  }

  "Values as JSON."
  type SubscriptionOption {
    name: String!
    "Null where the subscription is not declared."
    declared: String
    "Null where it is not known."
    live: String
    differs: Boolean!
  }

  "Counts since it started."
  type ServingProcess {
    id: ID!
    name: String!
    host: String!
    pid: Int!
    seenAt: DateTime!
    handled: Float!
    failed: Float!
    "Handlers that run now."
    running: Float!
    "Times that its stream ended and was opened again."
    reopenings: Float!
  }
`;
