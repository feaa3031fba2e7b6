/** The desk: what failed for good. */
export const deskSchema = /* GraphQL */ `
  extend type Query {
    """
    For operators. Newest first, without what was in the messages. \`first\` is at most 100; \`after\` is
    the \`next\` of the page before.
    """
    deadLetters(
      filter: DeadLetterFilter
      first: Int! = 20
      after: ID
    ): DeadLetterPage!
    "For operators. What failed for the same reason, most entries first."
    deadLetterGroups(
      filter: DeadLetterFilter
      first: Int! = 20
    ): DeadLetterGroups!
    "For operators. One entry, with what people wrote hidden in its message."
    deadLetter(id: ID!): DeadLetterDetails!
    """
    For operators. Whether the handlers of today can read what would be redriven, judged by its first
    hundred entries; runs nothing.
    """
    redrivePreview(choice: DeadLetterChoice!): RedrivePreview!
    "For operators. Whether the handler of today reads an edited payload, given as the JSON that is shown; runs nothing."
    editPreview(id: ID!, document: String!): EditPreview!
    "For operators. What operators did, newest first."
    operatorActions(first: Int! = 20, after: ID): OperatorActionPage!
  }

  extend type Mutation {
    """
    For operators. Runs stored messages again, each for the one subscription that failed, within 15
    seconds; what is left by then is chosen by the same call again. \`limit\` is at most 100; a canary is
    \`limit: 1\`: the message that was published first. \`again\` passes the inbox.
    """
    redriveDeadLetters(
      choice: DeadLetterChoice!
      limit: Int! = 100
      again: Boolean! = false
      dryRun: Boolean! = false
      reason: String
    ): Redrive!
    "For operators. Says of open entries that nothing is to be done. \`limit\` is at most 1,000."
    resolveDeadLetters(
      choice: DeadLetterChoice!
      limit: Int! = 1000
      dryRun: Boolean! = false
      reason: String!
    ): Resolution!
    """
    For operators. Runs an entry with an edited payload, for the one subscription or queue that failed and under the
    id that it had. The desk keeps the original; the audit log has hashes, and which paths differ.
    """
    resendDeadLetter(id: ID!, document: String!, reason: String!): Resent!
    "For operators. One whole entry; the audit log keeps who saw it."
    revealDeadLetter(id: ID!, reason: String): DeadLetterDetails!
  }

  enum DeadLetterSource {
    pubsub
    job
    flow
    outbox
    cdc
  }

  enum DeadLetterState {
    open
    redriven
    resolved
  }

  enum DeadLetterStateFilter {
    open
    redriven
    resolved
    any
  }

  "Every condition that is given must hold."
  input DeadLetterFilter {
    source: DeadLetterSource
    subscription: String
    topic: String
    fingerprint: String
    state: DeadLetterStateFilter = open
    "Failed last before this long: \`90s\`, \`2h\`, \`7d\`."
    olderThan: String
    "Failed last within this long."
    newerThan: String
    "Conditions on the payload: \`userId=…\`, \`changed[]=name\`."
    payload: [String!]
  }

  "As the filter; needs a condition besides the state, or \`all\`."
  input DeadLetterChoice {
    "At most 1,000."
    ids: [ID!]
    source: DeadLetterSource
    subscription: String
    topic: String
    fingerprint: String
    "By default the open ones; of \`ids\`, any. Only open entries are resolved."
    state: DeadLetterStateFilter
    olderThan: String
    newerThan: String
    payload: [String!]
    all: Boolean = false
  }

  type DeadLetter {
    id: ID!
    source: DeadLetterSource!
    subscription: String!
    topic: String!
    eventId: ID
    messageId: String
    publishTime: DateTime
    orderingKey: String!
    error: String!
    fingerprint: String!
    attempts: Int!
    redrives: Int!
    state: DeadLetterState!
    stateChangedAt: DateTime
    stateChangedBy: String
    stateReason: String
    "When a user's data was erased from it; it cannot be redriven since."
    erasedAt: DateTime
    firstSeenAt: DateTime!
    lastSeenAt: DateTime!
  }

  type DeadLetterDetails {
    entry: DeadLetter!
    errorStack: String
    attributes: JSON!
    "The payload, where its topic says how to read it."
    document: JSON
    "Base64; null where it is not revealed."
    payload: String
  }

  type DeadLetterPage {
    items: [DeadLetter!]!
    "Null on the last page."
    next: ID
  }

  type DeadLetterGroup {
    source: DeadLetterSource!
    subscription: String!
    fingerprint: String!
    state: DeadLetterState!
    entries: Int!
    attempts: Float!
    firstSeenAt: DateTime!
    lastSeenAt: DateTime!
    "Of the entry that failed last, whose id is \`example\`."
    error: String!
    example: ID!
  }

  type DeadLetterGroups {
    "In all, in groups beyond \`first\` too."
    entries: Int!
    "Whether only the newest \`entries\` were looked at: by time, topic or payload 5,000 at most."
    isCapped: Boolean!
    groups: [DeadLetterGroup!]!
  }

  type RedrivePreview {
    "Entries that the choice means."
    matching: Int!
    "Entries looked at."
    looked: Int!
    "Of these, those that their handlers can read."
    fitting: Int!
    refused: [RefusedEntries!]!
  }

  type EditPreview {
    fits: Boolean!
    "Why not."
    reason: String
  }

  type Resent {
    "redriven, failed, skipped or interrupted."
    outcome: String!
    error: String
    reason: String
  }

  type RefusedEntries {
    reason: String!
    entries: Int!
    "The id of one of them."
    example: ID!
  }

  "Counts of entries; of a dry run, \`chosen\` would be redriven, and nothing was done."
  type Redrive {
    dryRun: Boolean!
    "Of a dry run: entries that match, those beyond the limit too."
    matching: Int
    chosen: Int!
    "Duplicates included: entries whose effects were committed before."
    redriven: Int!
    duplicates: Int!
    "They stay open, with their new error."
    failed: Int!
    skipped: Int!
    "Chosen, but not begun, or interrupted."
    left: Int!
    "Why it ended before the last entry."
    stopped: String
    "Its id in the audit log."
    operation: ID
    results: [RedriveResult!]!
  }

  type RedriveResult {
    id: ID!
    "redriven, failed, skipped or interrupted."
    outcome: String!
    error: String
    reason: String
  }

  type Resolution {
    dryRun: Boolean!
    resolved: Int!
  }

  type OperatorAction {
    id: ID!
    "The same for the start and the end of one operation."
    operation: ID!
    action: String!
    actor: String!
    reason: String
    filter: JSON!
    counts: JSON!
    createdAt: DateTime!
  }

  type OperatorActionPage {
    items: [OperatorAction!]!
    "Null on the last page."
    next: ID
  }
`;
