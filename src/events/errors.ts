import { didYouMean } from './similar-names.ts';

/** What is wrong with one part of an event. */
export interface EventProblem {
  /** Path of the field in the payload; '' is the payload as a whole. */
  readonly path: string;
  /** What was expected and what was given; never a value, which may be personal. */
  readonly message: string;
}

/**
 * An event does not have the form its topic declares, or is larger than Pub/Sub takes.
 * Nothing was written. Mend the call, or the schema in src/common/typedPubsub.ts.
 */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';

  constructor(
    readonly topic: string,
    readonly problems: readonly EventProblem[],
  ) {
    const lines = problems.map(
      ({ path, message }) =>
        `  ${path === '' ? '(payload)' : path}: ${message}`,
    );
    super(
      `the event for ${topic} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n` +
        lines.join('\n'),
    );
  }
}

/** The topic is not declared as one that this system publishes events to. Nothing was written. */
export class UnknownTopicError extends Error {
  override readonly name = 'UnknownTopicError';

  constructor(
    readonly topic: string,
    known: readonly string[],
  ) {
    super(
      `expected a topic that events are triggered on, got ${JSON.stringify(topic)}; ` +
        didYouMean(topic, known, 'declare it in src/common/typedPubsub.ts'),
    );
  }
}

/**
 * Neither the broker nor the outbox took an event, so it exists nowhere. `errors` holds both
 * refusals. Answer the caller with a failure, so that it tries again.
 */
export class EventLostError extends AggregateError {
  override readonly name = 'EventLostError';

  constructor(
    readonly topic: string,
    readonly eventId: string,
    errors: readonly [direct: unknown, outbox: unknown],
  ) {
    const [direct, outbox] = errors.map((error) =>
      error instanceof Error ? error.message : String(error),
    );
    super(
      errors,
      `event ${eventId} for ${topic} was taken neither by the broker (${direct}) ` +
        `nor by the outbox (${outbox})`,
    );
  }
}
