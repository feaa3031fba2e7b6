import { didYouMean } from '../../events/similar-names.ts';

/** A schedule's expression or time zone cannot be read: set it right where the schedule is declared. */
export class InvalidScheduleError extends Error {
  override readonly name = 'InvalidScheduleError';

  constructor(
    readonly schedule: string,
    readonly expression: string,
    readonly timezone: string,
    options?: ErrorOptions,
  ) {
    super(
      `expected schedule ${schedule} to have a cron expression of five fields and an IANA time zone, ` +
        `got: ${JSON.stringify(expression)} in ${JSON.stringify(timezone)}` +
        (options?.cause instanceof Error ? `; ${options.cause.message}` : ''),
      options,
    );
  }
}

/** No schedule has this name. */
export class UnknownScheduleError extends Error {
  override readonly name = 'UnknownScheduleError';

  constructor(
    readonly schedule: string,
    known: readonly string[],
  ) {
    super(
      `expected the name of a schedule, got: ${JSON.stringify(schedule)}; ` +
        didYouMean(schedule, known, `there are: ${known.join(', ')}`),
    );
  }
}
