import { z } from 'zod';

import type { JobDeclaration } from './declare.ts';
import {
  InvalidJobError,
  type JobProblem,
  UnknownQueueError,
} from './errors.ts';
import type { NewJob } from './port.ts';
import {
  type QueueDefinition,
  queueOf,
  QueuePriority,
  TenantTier,
} from './queue.ts';
import { isStorableJson } from './storable-json.ts';

/** Bytes of a payload as JSON. */
export const largestPayload = 1_048_576;

/** Bytes of what only names something: indexes hold no more. */
const nameText = z
  .string()
  .min(1)
  .refine(
    (text) => Buffer.byteLength(text) <= 512,
    'expected at most 512 bytes',
  )
  .refine(
    (text) => !text.includes('\0') && text.isWellFormed(),
    'expected text that Postgres can store, without NUL',
  );

const longestDelay = 365 * 24 * 3_600;

const dueTime = z.union(
  [
    z.date('expected a valid Date'),
    z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  ],
  'expected a Date, or an ISO 8601 time with its zone such as 2026-11-23T09:00:00Z or …+01:00',
);

const optionsSchema = z.strictObject({
  payload: z.unknown(),
  run_at: dueTime.optional(),
  queue: z.string().optional(),
  priority: z
    .literal(
      Object.values(QueuePriority),
      `expected one of ${Object.entries(QueuePriority)
        .map(([name, value]) => `${value} (${name})`)
        .join(', ')}`,
    )
    .optional(),
  idempotencyKey: nameText.optional(),
  tenant: z
    .strictObject({
      id: nameText,
      tier: z.enum(Object.values(TenantTier)).optional(),
    })
    .optional(),
  key: nameText.optional(),
  attempts: z.number().int().min(1).max(100).optional(),
  backoff: z
    .strictObject({
      seconds: z.number().min(0).max(longestDelay),
      growth: z.enum(['exponential', 'fixed']).optional(),
      longest: z.number().min(0).max(longestDelay).optional(),
    })
    .optional(),
  timeout: z.number().positive().max(86_400).optional(),
});

/** Everything that whoever creates a job may say, before it is checked. */
export type GivenOptions = Readonly<
  Record<keyof z.input<typeof optionsSchema>, unknown>
>;

const problemsOf = (error: z.ZodError, root: string): JobProblem[] =>
  error.issues.map(({ path, message }) => ({
    path:
      [...(root === '' ? [] : [root]), ...path.map(String)].join('.') ||
      root ||
      'options',
    message: message.replace(/^Invalid input: /, ''),
  }));

/** The payload as JSON, checked by its declaration, or what is wrong with it. */
const encodePayload = (
  schema: z.ZodType,
  payload: unknown,
): { readonly json: string } | { readonly problems: JobProblem[] } => {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return { problems: problemsOf(parsed.error, 'payload') };
  const refused = (message: string) => ({
    problems: [{ path: 'payload', message }],
  });
  let json: string | undefined;
  try {
    // Written as it was given: reading it back fills in the same defaults.
    json = JSON.stringify(payload);
  } catch (error) {
    return refused(`expected something that JSON can hold: ${String(error)}`);
  }
  if (json === undefined)
    return refused('expected something that JSON can hold');
  const bytes = Buffer.byteLength(json);
  if (bytes > largestPayload)
    return refused(
      `expected at most ${largestPayload} bytes as JSON, got ${bytes}; ` +
        'keep the data in a table or in object storage and give its id',
    );
  if (!isStorableJson(json))
    return refused(
      'expected text that Postgres can store: without NUL, and with whole characters',
    );
  return { json };
};

export interface ResolvedContext {
  readonly id: string;
  readonly cause: string | undefined;
  readonly traceparent: string | undefined;
}

/**
 * Checks a job that is to be created, and fills in what its declaration and its queue say.
 *
 * @throws InvalidJobError with everything that is wrong, UnknownQueueError.
 */
export const resolveJob = (
  name: string,
  declaration: JobDeclaration,
  queues: Readonly<Record<string, QueueDefinition>>,
  given: GivenOptions,
  { id, cause, traceparent }: ResolvedContext,
): NewJob => {
  const options = optionsSchema.safeParse(given);
  const payload = encodePayload(declaration.payload, given.payload);
  if (!options.success || 'problems' in payload)
    throw new InvalidJobError(name, [
      ...(options.success ? [] : problemsOf(options.error, '')),
      ...('problems' in payload ? payload.problems : []),
    ]);
  const chosen = options.data;
  const queueName = chosen.queue ?? declaration.queue ?? 'default';
  const definition = Object.hasOwn(queues, queueName)
    ? queues[queueName]
    : undefined;
  if (!definition) throw new UnknownQueueError(queueName, Object.keys(queues));
  const queue = queueOf(definition);
  return {
    id,
    name,
    queue: queueName,
    payload: payload.json,
    priority: chosen.priority ?? declaration.priority ?? queue.priority,
    runAt: chosen.run_at,
    tenant: chosen.tenant?.id,
    tier: chosen.tenant?.tier,
    key: chosen.key,
    lane: queue.order === 'strict' ? (chosen.key ?? '') : undefined,
    idempotencyKey: chosen.idempotencyKey,
    attempts: chosen.attempts ?? declaration.attempts ?? queue.attempts,
    backoff:
      (chosen.backoff as NewJob['backoff']) ??
      declaration.backoff ??
      queue.backoff,
    timeoutSeconds:
      chosen.timeout ?? declaration.timeoutSeconds ?? queue.timeoutSeconds,
    cause,
    traceparent,
  };
};
