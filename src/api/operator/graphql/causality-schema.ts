/** From a row to its last effect, and back. */
export const causalitySchema = /* GraphQL */ `
  extend type Query {
    "For operators. What something was caused by, and all that followed. Give an id of whatever kind, or a captured table and the primary key of a row."
    causality(id: String, table: String, key: String): CausalTrace!
  }

  type CausalTrace {
    "What was asked for, by the ids of its nodes."
    found: [String!]!
    "As a tree, each before what follows from it; at most 500."
    nodes: [CausalNode!]!
    "There is more."
    truncated: Boolean!
    "Milliseconds from the first moment to the last."
    total: Float!
  }

  type CausalNode {
    id: String!
    "commit, row-change, event, delivery, job, run, step, notification, message, webhook or unknown."
    kind: String!
    "What it is found by: an id; of a delivery event id and subscription."
    key: String!
    title: String!
    at: DateTime
    until: DateTime
    state: String
    "Such as: delivered 4 times, effected once (2 failed, 1 duplicate)."
    summary: String
    facts: [CausalFact!]!
    "Of a delivery; the oldest first."
    attempts: [CausalAttempt!]!
    "Its entry at the desk."
    deadLetter: ID
    "The node above it."
    parent: String
    "Other nodes that it follows from."
    also: [String!]!
    depth: Int!
    "Milliseconds since what it follows from began."
    gap: Float
  }

  type CausalFact {
    name: String!
    value: String!
  }

  type CausalAttempt {
    startedAt: DateTime!
    finishedAt: DateTime!
    "Milliseconds from its receipt until it began; null of a redrive."
    waited: Float
    "ack, nack, dead-letter or duplicate."
    outcome: String!
    "How it failed, and the name of the error."
    error: String
    "Which delivery it was, as the broker counts."
    number: Int!
    "Deliveries that it answered."
    copies: Int!
    "Why there is more than one: first, redelivered, published again or redriven."
    why: String!
  }
`;
