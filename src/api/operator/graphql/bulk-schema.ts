/** What operators do to many things at once. */
export const bulkSchema = /* GraphQL */ `
  extend type Query {
    "For operators. What an action would touch by now; touches nothing. Give the choice of the kind."
    bulkPreview(
      kind: BulkKind!
      deadLetters: DeadLetterChoice
      jobs: JobChoice
      flows: FlowChoice
    ): BulkPreview!
    "For operators. The newest first."
    bulkActions(first: Int! = 20, after: ID): BulkActionPage!
    "For operators. How far an action is, and why things did not come through."
    bulkAction(id: ID!): BulkActionDetails!
  }

  extend type Mutation {
    """
    For operators. Redrives open entries, as many a second as the rate says (1 to 500), as a job. What is touched is
    chosen now, at most 100,000; each is touched once, whatever happens to the processes.
    """
    redriveInBulk(
      choice: DeadLetterChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. Resolves open entries, as redriveInBulk."
    resolveInBulk(
      choice: DeadLetterChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. Runs jobs that failed for good once more, as redriveInBulk."
    retryJobsInBulk(
      choice: JobChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. Cancels jobs that wait or run, as redriveInBulk."
    cancelJobsInBulk(
      choice: JobChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. Retries runs of flows with their children, as redriveInBulk."
    retryFlowsInBulk(
      choice: FlowChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. Cancels runs of flows with their children, as redriveInBulk."
    cancelFlowsInBulk(
      choice: FlowChoice!
      rate: Int! = 20
      reason: String!
    ): BulkAction!
    "For operators. What is in hand is finished, the rest is left alone. Needs the right of the action's kind."
    cancelBulkAction(id: ID!, reason: String): Boolean!
  }

  enum BulkKind {
    redriveDeadLetters
    resolveDeadLetters
    retryJobs
    cancelJobs
    retryFlows
    cancelFlows
  }

  enum BulkState {
    running
    cancelling
    completed
    cancelled
  }

  "Needs a queue, a name or \`all\`."
  input JobChoice {
    queue: String
    name: String
    "Only of jobs that are to be cancelled: scheduled, pending or running. By default all three."
    state: JobState
    all: Boolean = false
  }

  "Needs a flow or \`all\`. Runs that are children are left to the run that waits for them."
  input FlowChoice {
    flow: String
    "By default the failed ones are retried; cancelled are those that run and are paused."
    state: FlowRunState
    all: Boolean = false
  }

  type BulkPreview {
    matching: Int!
    "What they are, the most first."
    groups: [BulkGroup!]!
    "Ids of the first."
    sample: [ID!]!
    "How many one action touches at most."
    most: Int!
  }

  type BulkGroup {
    label: String!
    items: Int!
  }

  type BulkAction {
    "Its operation in the audit log, too."
    id: ID!
    kind: BulkKind!
    "Without what people wrote."
    filter: JSON!
    actor: String!
    reason: String!
    "Things a second."
    rate: Int!
    state: BulkState!
    total: Int!
    done: Int!
    failed: Int!
    skipped: Int!
    "Not touched: not yet, or not any more."
    left: Int!
    "The job that began it; each does a part and creates the next one."
    jobId: ID
    createdAt: DateTime!
    endedAt: DateTime
  }

  type BulkActionPage {
    items: [BulkAction!]!
    "Null on the last page."
    next: ID
  }

  type BulkActionDetails {
    action: BulkAction!
    "Why things did not come through, what happened most first."
    troubles: [BulkTrouble!]!
  }

  type BulkTrouble {
    "failed or skipped."
    outcome: String!
    "Without what differs from one to the next."
    detail: String!
    items: Int!
    "The id of one of them."
    example: ID!
  }
`;
