import { z } from 'zod';

import { parseDuration } from '../../dead-letters/duration.ts';
import { FilterError } from '../../dead-letters/errors.ts';
import { parsePayloadCondition } from '../../dead-letters/payload-path.ts';
import { maximumPageSize } from '../input.ts';

/** Entries that one request may change. */
const mostChanged = 1_000;
/** Entries that one request may redrive: their handlers run while it waits. */
const mostRedriven = 100;

/** A text that one of the desk's own parsers reads. */
const read = <Value>(parse: (text: string) => Value) =>
  z.string().transform((text, context): Value => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      context.addIssue({
        code: 'custom',
        message: `expected ${error.expected}`,
      });
      return z.NEVER;
    }
  });

const name = z.string().min(1).max(300);
const states = z.enum(['open', 'redriven', 'resolved', 'any']);
const duration = (option: string) =>
  read((text) => parseDuration(option, text));
const condition = read(parsePayloadCondition);

const filterFields = {
  source: z.enum(['pubsub', 'job', 'flow', 'outbox', 'cdc']).optional(),
  subscription: name.optional(),
  topic: name.optional(),
  fingerprint: name.optional(),
  olderThan: duration('olderThan').optional(),
  newerThan: duration('newerThan').optional(),
};

/** The query of a list; everything is text, and what comes once may be no array. */
export const listQuery = z.strictObject({
  ...filterFields,
  state: states.default('open'),
  payload: z
    .preprocess(
      (given) => (typeof given === 'string' ? [given] : given),
      z.array(condition).max(10).optional(),
    )
    .optional(),
  first: z.coerce.number().int().min(1).max(maximumPageSize).default(20),
  after: z.uuid().optional(),
});

export const groupsQuery = listQuery.omit({ after: true });

export const pageQuery = z.strictObject({
  first: z.coerce.number().int().min(1).max(maximumPageSize).default(20),
  after: z.uuid().optional(),
});

export const idParameters = z.object({ id: z.uuid() });

export const reason = z.string().trim().min(1).max(2_000);

const changeFields = {
  ...filterFields,
  ids: z.array(z.uuid()).min(1).max(mostChanged).optional(),
  payload: z.array(condition).max(10).optional(),
  /** Every entry, where nothing is chosen. */
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
};

export const redriveBody = z.strictObject({
  ...changeFields,
  state: states.optional(),
  again: z.boolean().default(false),
  limit: z.int().min(1).max(mostRedriven).default(mostRedriven),
  reason: reason.optional(),
});

export const previewBody = redriveBody.omit({
  again: true,
  dryRun: true,
  limit: true,
  reason: true,
});

export const resolveBody = z.strictObject({
  ...changeFields,
  limit: z.int().min(1).max(mostChanged).default(mostChanged),
  reason,
});

export const revealBody = z.strictObject({
  id: z.uuid(),
  reason: reason.optional(),
});

/** A payload as text, so that whoever edits is told where it is no JSON. */
const document = z
  .string()
  .max(1_048_576)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        message: `expected JSON: ${(error as Error).message}`,
      });
      return z.NEVER;
    }
  });

export const editBody = z.strictObject({ id: z.uuid(), document });

export const resendBody = editBody.extend({ reason });

export const forgetBody = z.strictObject({
  userId: z.uuid(),
  mentions: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  reason: reason.optional(),
});

/** Who changes something. */
export const operatorHeader = z.object({
  'x-operator': z.string().trim().min(1).max(200),
});
