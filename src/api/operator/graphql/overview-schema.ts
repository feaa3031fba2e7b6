/** Whether everything is all right, and if not, where. */
export const overviewSchema = /* GraphQL */ `
  extend type Query {
    "For operators. Who asks, and what they may do."
    operator: Operator!
    "For operators. Everything at one glance, at most two seconds old."
    overview: Overview!
    "For operators. What the doctor finds, at most 90 seconds old."
    doctor: Doctor!
  }

  extend type Subscription {
    "For operators. The overview, every three seconds."
    overview: Overview!
  }

  type Operator {
    "As the audit log keeps it; null if neither the token nor x-operator says."
    name: String
    rights: [OperatorRight!]!
    "Whether these are all there are."
    everyRight: Boolean!
  }

  type Overview {
    at: DateTime!
    "What is not all right, the worst first."
    troubles: [Trouble!]!
    processes: [ProcessState!]!
    "How long messages and jobs waited and ran in the last five minutes."
    timings: [Timing!]!
    "Messages, jobs and requests a second, of the last quarter of an hour."
    throughput: Throughput!
    "Null where the broker does not tell of its backlogs."
    subscriptions: [SubscriptionBacklog!]
    "Why not."
    subscriptionsUnknown: String
    flows: [FlowDepth!]!
    queues: [QueueState!]!
    deadLetters: OpenDeadLetters!
    replication: Replication!
  }

  enum TroubleLevel {
    warning
    broken
  }

  type Trouble {
    level: TroubleLevel!
    sentence: String!
    "processes, subscriptions, flows, queues, dead-letters or replication."
    about: String!
  }

  type ProcessState {
    id: ID!
    name: String!
    host: String!
    pid: Int!
    startedAt: DateTime!
    seenAt: DateTime!
    "Neither stopped nor heard of."
    silent: Boolean!
    "A second, over the last minute."
    rates: Rates!
  }

  type Rates {
    messages: Float!
    messagesFailed: Float!
    jobs: Float!
    jobsFailed: Float!
    requests: Float!
  }

  "In seconds, from buckets: about right. Null where nothing happened."
  type Timing {
    "messages or jobs."
    what: String!
    "waited or ran."
    of: String!
    count: Float!
    p50: Float
    p95: Float
    p99: Float
  }

  type Throughput {
    "Seconds since 1970, the ends of the steps."
    times: [Float!]!
    series: [ThroughputSeries!]!
  }

  type ThroughputSeries {
    processId: ID!
    values: [Float!]!
  }

  type SubscriptionBacklog {
    name: String!
    topic: String!
    "Messages not acknowledged."
    backlog: Float!
    "Of these, held by a consumer."
    outstanding: Float!
    oldestUnackedSeconds: Float!
    deliveryAttemptsMax: Float!
    deadLettered: Float!
    "Streams and pulls that receive from it."
    receivers: Int!
  }

  "Runs of a flow that have not ended, or failed; tasks that have begun and not ended."
  type FlowDepth {
    flow: String!
    running: Int!
    paused: Int!
    failed: Int!
    tasksRunning: Int!
    tasksQueued: Int!
    tasksWaiting: Int!
    "Completed in the last hour."
    completed: Int!
    "Seconds that most runs took which ended in the last hour; null if none did."
    median: Float
    p95: Float
  }

  type QueueState {
    queue: String!
    pending: Int!
    scheduled: Int!
    running: Int!
    failed: Int!
    "In the last hour."
    completed: Int!
    oldestDueSeconds: Float!
    "Null where the queue is not paused."
    pausedBy: String
  }

  type OpenDeadLetters {
    open: Int!
    "The groups with most entries."
    groups: [DeadLetterGroup!]!
  }

  type Replication {
    found: Boolean!
    active: Boolean!
    "Who reads the slot, as they call themselves."
    reader: String
    retainedBytes: Float!
    stations: [ReplicationStation!]!
    "The station that holds up the others."
    bottleneck: String
    sentence: String!
  }

  type ReplicationStation {
    "slot, decode, publish, ack or effect."
    name: String!
    waiting: Float!
    "bytes or messages."
    unit: String!
    "How long the oldest has waited, at least; where nothing waits, how long it took last."
    seconds: Float!
    sentence: String!
  }

  enum FindingLevel {
    ok
    note
    warning
    broken
  }

  type Doctor {
    "False where this process cannot ask the doctor."
    available: Boolean!
    at: DateTime!
    findings: [Finding!]!
  }

  type Finding {
    check: String!
    level: FindingLevel!
    message: String!
    "What mends it."
    remedy: String
  }
`;
