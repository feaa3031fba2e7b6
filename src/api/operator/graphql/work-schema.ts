/** Jobs, queues and schedules. */
export const workSchema = /* GraphQL */ `
  extend type Query {
    "For operators. Of one state; the completed and the cancelled ones by their end, others by their creation, the newest first."
    jobs(
      state: JobState! = running
      queue: String
      name: String
      first: Int! = 50
      after: ID
    ): JobPage!
    "For operators. With what people wrote hidden in its result."
    job(id: ID!): JobDetails!
    "For operators. Every declared queue, with what waits, runs and has failed in it."
    queues: [DeclaredQueue!]!
    "For operators. From these no process receives, the longest paused first."
    subscriptionPauses: [SubscriptionPause!]!
    "For operators."
    schedules: [Schedule!]!
    "For operators. A schedule with its last ticks, and the next ones."
    schedule(name: String!): ScheduleDetails!
  }

  extend type Mutation {
    """
    For operators. A job that waits never begins: cancelled. One that runs is stopping: it gets its signal within
    seconds, and its end changes nothing.
    """
    cancelJob(id: ID!, reason: String): JobCancelled!
    """
    For operators. Within seconds no process receives from the subscription; what runs goes on to its end, what is
    queued is given back. Its messages wait at the broker.
    """
    pauseSubscription(subscription: String!, reason: String!): Boolean!
    "For operators."
    resumeSubscription(subscription: String!, reason: String): Boolean!
    "For operators. No process begins jobs of the queue; those that run go on."
    pauseQueue(queue: String!, reason: String): Boolean!
    "For operators."
    resumeQueue(queue: String!, reason: String): Boolean!
    "For operators. Creates the jobs of a schedule now, whatever its ticks; their ids."
    runSchedule(name: String!, reason: String): [ID!]!
  }

  enum JobState {
    scheduled
    pending
    running
    completed
    failed
    cancelled
  }

  type SubscriptionPause {
    subscription: String!
    pausedAt: DateTime!
    pausedBy: String!
    reason: String!
  }

  enum JobCancelled {
    cancelled
    stopping
  }

  type Job {
    id: ID!
    queue: String!
    name: String!
    state: JobState!
    tenant: String
    attempt: Int!
    attempts: Int!
    createdAt: DateTime!
    runAt: DateTime!
    startedAt: DateTime
    finishedAt: DateTime
  }

  type JobPage {
    items: [Job!]!
    "Null on the last page."
    next: ID
  }

  type JobDetails {
    job: Job!
    key: String
    error: String
    "0 to 1."
    progress: Float
    progressAt: String
    result: JSON
    history: [JobAttempt!]!
    "Its entry at the desk, from where it can be run again or resolved."
    deadLetter: ID
    "The run of a flow that it does a step of, with which it is cancelled."
    flowRun: ID
  }

  type JobAttempt {
    attempt: Int!
    worker: String!
    startedAt: DateTime!
    endedAt: DateTime
    error: String
    log: [String!]!
  }

  type DeclaredQueue {
    queue: String!
    concurrency: Int!
    attempts: Int!
    timeoutSeconds: Float!
    "Strictly one after another, in order."
    strict: Boolean!
    pending: Int!
    scheduled: Int!
    running: Int!
    failed: Int!
    "In the last hour."
    completed: Int!
    oldestDueSeconds: Float!
    "Null where it is not paused."
    pausedBy: String
  }

  type ScheduleDetails {
    schedule: Schedule!
    "The newest first, back to the first of the last twenty that created something."
    past: [PastTick!]!
    next: [DateTime!]!
  }

  type PastTick {
    at: DateTime!
    "Empty where nothing was created: it was missed."
    jobs: [JobOfTick!]!
  }

  type JobOfTick {
    job: String!
    id: ID!
    "Null once retention has deleted it."
    state: String
    startedAt: DateTime
    finishedAt: DateTime
    error: String
  }

  type Schedule {
    name: String!
    cron: String!
    timezone: String!
    jobs: [String!]!
    last: DateTime
    next: DateTime
  }
`;
