import { z } from 'zod';

import { type BulkKind, rates } from '../../bulk/kinds.ts';
import { type BulkTarget, statesOf } from '../../bulk/selection.ts';
import { ApiError } from '../errors.ts';
import { filterOf } from './desk.ts';
import { previewBody, reason } from './input.ts';

/** The kinds by their names in GraphQL. */
const kindNames = {
  redriveDeadLetters: 'dead-letters.redrive',
  resolveDeadLetters: 'dead-letters.resolve',
  retryJobs: 'jobs.retry',
  cancelJobs: 'jobs.cancel',
  retryFlows: 'flows.retry',
  cancelFlows: 'flows.cancel',
} as const satisfies Record<string, BulkKind>;

const namesOfKinds = Object.fromEntries(
  Object.entries(kindNames).map(([name, kind]) => [kind, name]),
) as Readonly<Record<BulkKind, keyof typeof kindNames>>;

/** The name of a kind in GraphQL. */
export const nameOfKind = (kind: BulkKind): string => namesOfKinds[kind];

const name = z.string().min(1).max(512);
const all = z.boolean().default(false);

const jobChoice = z.strictObject({
  queue: name.optional(),
  name: name.optional(),
  state: z.enum(['scheduled', 'pending', 'running']).optional(),
  all,
});

const flowChoice = z.strictObject({
  flow: name.optional(),
  state: z.enum(['running', 'paused', 'failed', 'cancelled']).optional(),
  all,
});

export const startInput = z.strictObject({
  choice: z.unknown(),
  rate: z.int().min(rates.least).max(rates.most),
  reason,
});

export const previewInput = z.strictObject({
  kind: z.enum(Object.keys(kindNames) as (keyof typeof kindNames)[]),
  deadLetters: z.unknown().optional(),
  jobs: z.unknown().optional(),
  flows: z.unknown().optional(),
});

const refuseAll = (what: string): never => {
  throw new ApiError(
    'INVALID_INPUT',
    `expected ${what} to choose by, got none; "all": true means every one`,
  );
};

const parse = <Output>(schema: z.ZodType<Output>, given: unknown): Output => {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'choice'}: ${message}`,
  );
  throw new ApiError('INVALID_INPUT', problems.join('; '));
};

/** What is to be touched, by its kind and what was given for it. @throws ApiError INVALID_INPUT */
export const targetOf = (kind: BulkKind, choice: unknown): BulkTarget => {
  switch (kind) {
    case 'dead-letters.redrive':
    case 'dead-letters.resolve': {
      const filter = filterOf({ ...parse(previewBody, choice), state: 'open' });
      return { kind, filter };
    }
    case 'jobs.retry':
    case 'jobs.cancel': {
      const { all, ...filter } = parse(jobChoice, choice);
      if (!all && filter.queue === undefined && filter.name === undefined)
        return refuseAll('a queue or a name');
      return { kind, filter };
    }
    case 'flows.retry':
    case 'flows.cancel': {
      const { all, ...filter } = parse(flowChoice, choice);
      if (!all && filter.flow === undefined) return refuseAll('a flow');
      if (filter.state && !statesOf[kind].includes(filter.state))
        throw new ApiError(
          'INVALID_INPUT',
          `expected a state among ${statesOf[kind].join(', ')}, got: ${filter.state}`,
        );
      return { kind, filter };
    }
  }
};

/** The target of a preview. @throws ApiError INVALID_INPUT */
export const previewTarget = ({
  kind,
  deadLetters,
  jobs,
  flows,
}: z.infer<typeof previewInput>): BulkTarget => {
  const meant = kindNames[kind];
  const choice = meant.startsWith('dead-letters')
    ? deadLetters
    : meant.startsWith('jobs')
      ? jobs
      : flows;
  return targetOf(meant, choice ?? {});
};
