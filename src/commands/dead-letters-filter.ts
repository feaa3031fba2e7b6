import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { validate } from 'uuid';

import { parseDuration } from '../dead-letters/duration.ts';
import { FilterError } from '../dead-letters/errors.ts';
import { type DeadLetterFilter, isUnlimited } from '../dead-letters/filter.ts';
import {
  parsePayloadCondition,
  type PayloadCondition,
} from '../dead-letters/payload-path.ts';
import type {
  DeadLetterSource,
  DeadLetterState,
} from '../entity/infrastructure/index.ts';

/** The options that choose entries. */
export interface FilterOptions {
  readonly source?: DeadLetterSource;
  readonly subscription?: string;
  readonly topic?: string;
  readonly fingerprint?: string;
  readonly state?: DeadLetterState | 'any';
  readonly olderThan?: number;
  readonly newerThan?: number;
  readonly payload?: readonly PayloadCondition[];
}

const asArgument =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof FilterError)
        throw new InvalidArgumentError(error.message);
      throw error;
    }
  };

const duration = (option: string) =>
  asArgument((text) => parseDuration(option, text));

/** A whole number of entries. */
export const count =
  (most: number) =>
  (given: string): number => {
    const number = Number(given);
    if (/^\d+$/.test(given) && number >= 1 && number <= most) return number;
    throw new InvalidArgumentError(`expected a whole number from 1 to ${most}`);
  };

/** An argument that names entries. */
export const entryId = (given: string): string => {
  if (validate(given)) return given.toLowerCase();
  throw new InvalidArgumentError(
    'expected the id of an entry; nightshift dead-letters list --entries shows them',
  );
};

export const entryIds = (
  given: string,
  before: readonly string[] | undefined,
): readonly string[] => [...(before ?? []), entryId(given)];

/** Adds the options that choose entries. */
export const withFilter = (command: Command): Command =>
  command
    .option('--subscription <name>', 'of this subscription, queue or flow')
    .option('--topic <name>', 'of this topic')
    .option(
      '--fingerprint <hash>',
      'that failed for this reason; list shows it',
    )
    .addOption(
      new Option('--source <source>', 'that failed there').choices([
        'pubsub',
        'job',
        'flow',
        'outbox',
        'cdc',
      ]),
    )
    .option(
      '--older-than <duration>',
      'that failed last before 15m, 2h, 7d …',
      duration('--older-than'),
    )
    .option(
      '--newer-than <duration>',
      'that failed last within 15m, 2h, 7d …',
      duration('--newer-than'),
    )
    .option(
      '--payload <path=value>',
      'with this value at this path of the payload; again for more conditions',
      (given: string, before: readonly PayloadCondition[] | undefined) => [
        ...(before ?? []),
        asArgument(parsePayloadCondition)(given),
      ],
    );

/** What paths look like, for the help of commands. */
export const pathHelp = `Paths are keys with dots between them; [] is any element of an array, and a backslash stands before
a dot, an equals sign or a bracket that is part of a key: userId=…, payload.after.author_id=…,
changed[]=name. Payloads over 1 MiB, and those that are neither JSON nor known Protobuf, are found
by all else.`;

/** Adds the choice of a state. */
export const withState = (
  command: Command,
  otherwise: DeadLetterState | 'any',
): Command =>
  command.addOption(
    new Option('--state <state>', 'in this state')
      .choices(['open', 'redriven', 'resolved', 'any'])
      .default(otherwise),
  );

/** The filter that options and ids make. */
export const filterOf = (
  options: FilterOptions,
  ids?: readonly string[],
): DeadLetterFilter => ({
  ...(ids && ids.length > 0 && { ids }),
  source: options.source,
  subscription: options.subscription,
  topic: options.topic,
  fingerprint: options.fingerprint,
  state: options.state === 'any' ? undefined : options.state,
  olderThan: options.olderThan,
  newerThan: options.newerThan,
  payload: options.payload,
});

/** Nothing was chosen for a command that changes what is chosen. */
export class NothingChosenError extends Error {
  override readonly name = 'NothingChosenError';

  constructor() {
    super(
      'expected ids or a filter (--subscription, --fingerprint, …) that choose entries, got neither; --all means every one',
    );
  }
}

/** @throws NothingChosenError unless something is chosen, or everything is meant. */
export const requireChoice = (
  filter: DeadLetterFilter,
  { all, one }: { readonly all?: true; readonly one?: true },
): void => {
  if (isUnlimited(filter) && !all && !one) throw new NothingChosenError();
};
