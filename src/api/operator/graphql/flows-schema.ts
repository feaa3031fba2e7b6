/** Flows: runs, why their steps wait, and what operators do with them. */
export const flowsSchema = /* GraphQL */ `
  extend type Query {
    "For operators. The newest first. \`first\` is at most 100; \`after\` is the \`next\` of the page before."
    flowRuns(
      flow: String
      state: FlowRunState
      first: Int! = 50
      after: ID
    ): FlowRunPage!
    "For operators. A run with its steps, why each waits, and what happened."
    flowRun(id: ID!): FlowRunDetails!
  }

  extend type Mutation {
    "For operators. Nothing more begins, what runs is aborted; children end, too."
    cancelFlow(id: ID!, reason: String): Boolean!
    "For operators. No more steps begin; those that run go on to their end."
    pauseFlow(id: ID!, reason: String): Boolean!
    "For operators. Lets a paused run go on."
    resumeFlow(id: ID!, reason: String): Boolean!
    "For operators. Lets a run that failed or was cancelled go on from the failed step."
    retryFlow(id: ID!, reason: String): Boolean!
    "For operators. Sends a signal to a step that waits for it; the payload is JSON, checked as the step declares it."
    signalFlow(
      id: ID!
      step: String!
      payload: String! = "null"
      reason: String
    ): Boolean!
  }

  enum FlowRunState {
    running
    paused
    completed
    failed
    cancelled
  }

  type FlowRun {
    id: ID!
    flow: String!
    version: Int!
    key: String!
    state: FlowRunState!
    cause: String
    "The run that waits for it as its child."
    parentRun: ID
    reason: String
    "Steps that have ended, and steps in all."
    done: Int!
    steps: Int!
    createdAt: DateTime!
    endedAt: DateTime
  }

  type FlowRunPage {
    items: [FlowRun!]!
    "Null on the last page."
    next: ID
  }

  type FlowRunDetails {
    run: FlowRun!
    "0 to 1."
    progress: Float!
    "In the order of the plan."
    steps: [FlowStep!]!
    "Where the steps stand when the flow is drawn; the unit is a step with the room around it."
    edges: [FlowEdge!]!
    "The oldest first; the newest 1,000."
    timeline: [FlowEvent!]!
  }

  type FlowStep {
    name: String!
    kind: String!
    "pending, queued, running, retrying, waiting, completed, skipped or failed."
    state: String!
    "Why it has not ended, or why it failed."
    why: String
    x: Float!
    y: Float!
    "Of a map its items."
    total: Int!
    done: Int!
    failed: Int!
    attempt: Int
    attempts: Int!
    jobId: ID
    childRun: ID
    "Of a step that waits for a signal: JSON such as it may carry, to be filled in; null if that is not declared."
    signalExample: String
    startedAt: DateTime
    endedAt: DateTime
  }

  type FlowEdge {
    from: String!
    to: String!
    points: [Point!]!
  }

  type Point {
    x: Float!
    y: Float!
  }

  type FlowEvent {
    at: DateTime!
    type: String!
    step: String
    index: Int
    "What people wrote is hidden."
    detail: JSON
  }
`;
