import { isDeepStrictEqual } from 'node:util';

import type { Change, Difference } from './change.ts';

const shown = (value: unknown): string => JSON.stringify(value) ?? 'none';

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `retryPolicy.minimumSeconds 10 → 1`: field by field where both sides have fields. */
const fieldLines = ({ setting, declared, live }: Difference): string[] =>
  isGroup(declared) && isGroup(live)
    ? Object.entries(declared)
        .filter(([field, value]) => !isDeepStrictEqual(value, live[field]))
        .map(
          ([field, value]) =>
            `${setting}.${field} ${shown(live[field])} → ${shown(value)}`,
        )
    : [`${setting} ${shown(live)} → ${shown(declared)}`];

interface Sentence {
  readonly start: string;
  readonly differences?: readonly Difference[];
  readonly end?: string;
}

const sentenceOf = (change: Change): Sentence => {
  switch (change.kind) {
    case 'create-topic':
      return { start: `create topic ${change.topic}` };
    case 'update-topic':
      return {
        start: `update topic ${change.topic}`,
        differences: change.differences,
      };
    case 'create-subscription':
      return {
        start: `create subscription ${change.subscription} on ${change.settings.topic}`,
      };
    case 'update-subscription':
      return {
        start: `update subscription ${change.subscription}`,
        differences: change.differences,
      };
    case 'fixed-difference':
      return {
        start: `cannot change subscription ${change.subscription}`,
        differences: change.differences,
        end:
          'is fixed at creation; declare a subscription of another name, or delete this one ' +
          '(its backlog is lost) and provision again',
      };
    case 'missing-foreign-topic':
      return {
        start:
          `topic ${change.topic} is missing and belongs to another system; ` +
          'its owner has to create it',
      };
    case 'delete-subscription':
      return {
        start: `delete subscription ${change.subscription} of ${change.topic}, which is not declared, with its backlog`,
      };
    case 'delete-topic':
      return {
        start:
          `delete topic ${change.topic}, which is not declared` +
          (change.stranded.length === 0
            ? ''
            : `, though others receive from it: ${change.stranded.join(', ')}`),
      };
  }
};

/** One line that says what the change does, or why it cannot be made and what to do. */
export const describeChange = (change: Change): string => {
  const { start, differences, end } = sentenceOf(change);
  const fields = differences?.flatMap(fieldLines).join(', ');
  return (
    (fields === undefined ? start : `${start}: ${fields}`) +
    (end === undefined ? '' : ` ${end}`)
  );
};

/** The same with a line for each field that differs, what the broker has first. */
export const describeInFull = (change: Change): string => {
  const { start, differences = [], end } = sentenceOf(change);
  return [
    start,
    ...differences.flatMap(fieldLines).map((line) => `  ${line}`),
    ...(end === undefined ? [] : [`  ${end}`]),
  ].join('\n');
};
