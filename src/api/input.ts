import { z } from 'zod';

import { ApiError } from './errors.ts';

/** Rows that a page may have at most. */
export const maximumPageSize = 100;

/** Postgres stores every character but NUL. */
const text = (maximum: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maximum)
    .refine((given) => !given.includes('\0'), 'expected text without NUL');
const handle = (maximum: number) =>
  z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_-]*$/,
      'expected lower-case letters, digits, - and _',
    )
    .max(maximum);

const isTimezone = (name: string) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
};

export const idSchema = z.object({ id: z.uuid() });

export const pageSchema = z.object({
  first: z.int().min(1).max(maximumPageSize),
  after: z.uuid().nullish(),
});

export const commentPageSchema = pageSchema.extend({ postId: z.uuid() });

export const searchSchema = z.object({
  query: text(200),
  first: z.int().min(1).max(maximumPageSize),
});

export const newUserSchema = z.object({
  username: handle(39),
  name: text(100),
  email: z.email().max(254).toLowerCase(),
  timezone: z
    .string()
    .max(64)
    .refine(isTimezone, 'expected an IANA timezone, such as Europe/Berlin')
    .default('Etc/UTC'),
});

export const newSourceSchema = z.object({
  handle: handle(64),
  name: text(100),
});

const webAddress = z
  .url({ protocol: /^https?$/, error: 'expected an http or https address' })
  .max(2_048);

export const urlSchema = z.object({ url: webAddress });

export const newConnectionSchema = z.object({
  sourceId: z.uuid(),
  url: webAddress,
});

export const newPostSchema = z.object({
  sourceId: z.uuid(),
  title: text(300),
  content: text(20_000),
});

export const newCommentSchema = z.object({
  postId: z.uuid(),
  parentId: z.uuid().nullish(),
  content: text(10_000),
});

export const digestSchema = z.object({
  frequency: z.enum(['daily', 'workdays', 'weekly']),
  preferredHour: z.int().min(0).max(23),
});

const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string' && value.length > 80)
    return `a text of ${value.length} characters`;
  return JSON.stringify(value) ?? typeof value;
};

const at = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key],
    value,
  );

/**
 * Validates the arguments of a field.
 *
 * @throws ApiError INVALID_INPUT naming every wrong argument, what was expected and what was given.
 */
export const parseInput = <Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.infer<Schema> => {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    expected: issue.message.replace(/^.*?expected /, ''),
    given: shown(at(given, issue.path)),
  }));
  throw new ApiError(
    'INVALID_INPUT',
    problems
      .map(
        ({ path, expected, given }) =>
          `expected ${path} to be: ${expected}, got: ${given}`,
      )
      .join('; '),
    { problems },
  );
};
