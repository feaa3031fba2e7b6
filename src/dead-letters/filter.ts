import { createHash } from 'node:crypto';

import type {
  DeadLetterSource,
  DeadLetterState,
} from '../entity/infrastructure/index.ts';
import {
  documentsOf,
  type PayloadCondition,
  shownPath,
} from './payload-path.ts';

/** Which entries of the desk are meant: those that fulfil every condition that is given. */
export interface DeadLetterFilter {
  readonly ids?: readonly string[] | undefined;
  readonly source?: DeadLetterSource | undefined;
  readonly subscription?: string | undefined;
  readonly topic?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** @default any */
  readonly state?: DeadLetterState | undefined;
  /** Failed last before this many seconds. */
  readonly olderThan?: number | undefined;
  /** Failed last within this many seconds. */
  readonly newerThan?: number | undefined;
  readonly payload?: readonly PayloadCondition[] | undefined;
}

/** A condition in SQL with its parameters, numbered from `$1`. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** The filter as an SQL condition on `dead_letter`; values go as parameters alone. */
export const conditionOf = (filter: DeadLetterFilter): Condition => {
  const parameters: unknown[] = [];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const equal = (
    ['source', 'subscription', 'topic', 'fingerprint', 'state'] as const
  )
    .filter((column) => filter[column] !== undefined)
    .map((column) => `${column} = ${bind(filter[column])}`);
  const conditions = [
    ...(filter.ids ? [`id = any(${bind([...filter.ids])}::uuid[])`] : []),
    ...equal,
    ...(filter.olderThan === undefined
      ? []
      : [
          `last_seen_at <= now() - make_interval(secs => ${bind(filter.olderThan)})`,
        ]),
    ...(filter.newerThan === undefined
      ? []
      : [
          `last_seen_at > now() - make_interval(secs => ${bind(filter.newerThan)})`,
        ]),
    ...(filter.payload ?? []).map((condition) => {
      const documents = documentsOf(condition).map(
        (document) => `document @> ${bind(document)}::jsonb`,
      );
      return `(${documents.join(' or ')})`;
    }),
  ];
  return {
    sql: conditions.length === 0 ? 'true' : conditions.join(' and '),
    parameters,
  };
};

/** Whether nothing is asked but the state, so that every entry could be meant. */
export const isUnlimited = (filter: DeadLetterFilter): boolean =>
  conditionOf({ ...filter, state: undefined }).parameters.length === 0;

/** Ids that the audit log lists; of more it keeps the number. */
const listedIds = 100;

/** The filter for the audit log: values of payloads, which may name people, as their SHA-256. */
export const auditedFilter = ({
  ids,
  payload,
  ...others
}: DeadLetterFilter): Record<string, unknown> => ({
  ...others,
  ...(ids && { ids: ids.length > listedIds ? ids.length : ids }),
  ...(payload && {
    payload: payload.map((condition) => ({
      path: shownPath(condition),
      sha256: createHash('sha256').update(condition.value).digest('hex'),
    })),
  }),
});
