import { didYouMean } from '../events/similar-names.ts';

/** What is wrong with one part of a job. */
export interface JobProblem {
  /** The option, and within the payload the path of the field. */
  readonly path: string;
  /** What was expected and what was given; never a value of the payload, which may be personal. */
  readonly message: string;
}

/** A job is not as its declaration says. Nothing was written. Mend the call, or src/jobs/declarations.ts. */
export class InvalidJobError extends Error {
  override readonly name = 'InvalidJobError';

  constructor(
    readonly job: string,
    readonly problems: readonly JobProblem[],
  ) {
    super(
      `the job ${job} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n` +
        problems.map(({ path, message }) => `  ${path}: ${message}`).join('\n'),
    );
  }
}

/** No job of this name is declared. Nothing was written. */
export class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError';

  constructor(
    readonly job: string,
    known: readonly string[],
  ) {
    super(
      `expected the name of a declared job, got ${JSON.stringify(job)}; ` +
        didYouMean(job, known, 'declare it in src/jobs/declarations.ts'),
    );
  }
}

/** There is no such job. */
export class UnknownJobIdError extends Error {
  override readonly name = 'UnknownJobIdError';

  constructor(readonly id: string) {
    super(`expected the id of a job, got: ${id}`);
  }
}

/** A job is past what was asked of it. Nothing was done. */
export class JobStateError extends Error {
  override readonly name = 'JobStateError';

  constructor(
    readonly id: string,
    readonly state: 'failed' | 'ended',
  ) {
    super(
      `expected job ${id} to wait or run, but it ${
        state === 'failed'
          ? 'has failed for good; resolve its entry at the dead-letter desk'
          : 'has ended'
      }`,
    );
  }
}

/** A job is a part of something larger, which would create it again. Nothing was done. Cancel the whole. */
export class KeptJobError extends Error {
  override readonly name = 'KeptJobError';

  /** @param keptBy what that is, and how it is cancelled */
  constructor(
    readonly id: string,
    readonly keptBy: string,
  ) {
    super(
      `expected a job that stands for itself, got ${id}, which does ${keptBy}`,
    );
  }
}

/** No queue of this name is declared. Nothing was done. */
export class UnknownQueueError extends Error {
  override readonly name = 'UnknownQueueError';

  constructor(
    readonly queue: string,
    known: readonly string[],
  ) {
    super(
      `expected the name of a declared queue, got ${JSON.stringify(queue)}; ` +
        didYouMean(queue, known, 'declare it in src/jobs/queues.ts'),
    );
  }
}
