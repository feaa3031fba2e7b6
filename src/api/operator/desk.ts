import type { DataSource } from 'typeorm';
import type { z } from 'zod';

import { payloadDocument } from '../../common/payload-document.ts';
import { newOperation, recordAction } from '../../dead-letters/audit.ts';
import {
  type DeadLetterFilter,
  isUnlimited,
} from '../../dead-letters/filter.ts';
import {
  type DeadLetterGroups,
  readGroups,
} from '../../dead-letters/groups.ts';
import { redact } from '../../dead-letters/redact.ts';
import { redactText } from '../../dead-letters/redact-text.ts';
import { resolveEntries } from '../../dead-letters/resolve.ts';
import {
  countEntries,
  type DeadLetterSummary,
  findEntry,
  listEntries,
  selectIds,
} from '../../dead-letters/search.ts';
import type { DeadLetter } from '../../entity/index.ts';
import { ApiError } from '../errors.ts';
import { cut, type Page } from '../pages.ts';
import type {
  editBody,
  groupsQuery,
  listQuery,
  previewBody,
  redriveBody,
  resendBody,
  resolveBody,
  revealBody,
} from './input.ts';
import type {
  PreviewedEntry,
  PreviewRedrive,
  Redrive,
  RedriveAnswer,
  Resend,
} from './redriving.ts';

/** What the desk needs, over REST and over GraphQL. */
export interface DeskDependencies {
  readonly dataSource: DataSource;
  /** `undefined` where the process knows no workers: redriving is then closed. */
  readonly redrive: Redrive | undefined;
  /** `undefined` where the process knows no workers. */
  readonly preview?: PreviewRedrive | undefined;
  /** `undefined` where the process knows no workers. */
  readonly resend?: Resend | undefined;
  /** Milliseconds until a request is answered, done or not. */
  readonly patience: number;
}

/** Milliseconds before the patience ends in which nothing new is begun, and then what runs is aborted. */
const reserves = { begin: 15_000, abort: 5_000 };

type Chosen = Partial<z.infer<typeof redriveBody>>;

/** @throws ApiError INVALID_INPUT unless something is chosen, or everything is meant. */
export const filterOf = (body: Chosen): DeadLetterFilter => {
  const { ids, source, subscription, topic, fingerprint } = body;
  const { olderThan, newerThan, payload, all } = body;
  // Who names entries learns of those that are not open, too.
  const state = body.state ?? (ids ? 'any' : 'open');
  const filter = {
    ids,
    source,
    subscription,
    topic,
    fingerprint,
    olderThan,
    newerThan,
    payload,
    state: state === 'any' ? undefined : state,
  };
  if (isUnlimited(filter) && !all)
    throw new ApiError(
      'INVALID_INPUT',
      'expected ids or a filter that choose entries, got neither; "all": true means every one',
    );
  return filter;
};

/** Errors may quote what people wrote. */
const withoutQuotations = <Failed extends { readonly error: string }>(
  failed: Failed,
): Failed => ({ ...failed, error: redactText(failed.error) });

/** A page of entries, newest first, without what was in their messages. */
export const deskEntries = async (
  { dataSource }: DeskDependencies,
  { first, after, state, ...others }: z.infer<typeof listQuery>,
): Promise<Page<DeadLetterSummary>> => {
  const filter = { ...others, state: state === 'any' ? undefined : state };
  const limit = first + 1;
  const entries = await listEntries(dataSource, filter, { limit, after });
  return cut(entries.map(withoutQuotations), first);
};

/** The groups with most entries, and how many entries there are in all. */
export const deskGroups = async (
  { dataSource }: DeskDependencies,
  { first, state, ...others }: z.infer<typeof groupsQuery>,
): Promise<DeadLetterGroups> => {
  const filter = { ...others, state: state === 'any' ? undefined : state };
  const found = await readGroups(dataSource, filter, first);
  return { ...found, groups: found.groups.map(withoutQuotations) };
};

/** One entry with what was in its message. */
export type DeskEntry = Omit<DeadLetter, 'document' | 'payload'> & {
  /** As the topic's schema reads the payload, where it can. */
  readonly document: unknown;
  /** Base64; `null` where it is not shown. */
  readonly payload: string | null;
};

const wholeEntry = ({ payload, ...entry }: DeadLetter): DeskEntry => ({
  ...entry,
  document: payloadDocument(entry.topic, payload) ?? null,
  payload: payload.toString('base64'),
});

/** One entry, with what people wrote hidden in its message and its error. */
export const redactedEntry = async (
  { dataSource }: DeskDependencies,
  id: string,
): Promise<DeskEntry> => {
  const entry = wholeEntry(await findEntry(dataSource, id));
  return {
    ...entry,
    error: redactText(entry.error, entry.document),
    errorStack:
      entry.errorStack && redactText(entry.errorStack, entry.document),
    document: redact(entry.document),
    attributes: redact(entry.attributes) as Record<string, string>,
    payload: null,
  };
};

/** One whole entry; the audit log keeps who saw it. */
export const revealedEntry = async (
  { dataSource }: DeskDependencies,
  actor: string,
  { id, reason }: z.infer<typeof revealBody>,
): Promise<DeskEntry> => {
  const entry = wholeEntry(await findEntry(dataSource, id));
  await recordAction(dataSource.manager, {
    operation: newOperation(),
    action: 'dead-letters.reveal',
    actor,
    reason,
    filter: { ids: [id] },
    counts: { revealed: 1 },
  });
  return entry;
};

export type RedriveOutcome =
  | {
      readonly dryRun: true;
      readonly matching: number;
      readonly chosen: number;
    }
  | RedriveAnswer;

/**
 * Redrives what was chosen, or says what would be.
 *
 * @throws ApiError INVALID_INPUT if nothing was chosen, CLOSED if this process cannot.
 */
export const redriveChosen = async (
  { dataSource, redrive, patience }: DeskDependencies,
  actor: string,
  body: z.infer<typeof redriveBody>,
): Promise<RedriveOutcome> => {
  const { again, limit, reason, dryRun } = body;
  const filter = filterOf(body);
  if (dryRun) {
    const matching = await countEntries(dataSource, filter);
    return { dryRun, matching, chosen: Math.min(matching, limit) };
  }
  if (!redrive)
    throw new ApiError('CLOSED', 'this process has no workers to redrive with');
  const answer = await redrive({
    filter,
    limit,
    again,
    actor,
    reason,
    until: Date.now() + Math.max(0, patience - reserves.begin),
    signal: AbortSignal.timeout(Math.max(1_000, patience - reserves.abort)),
  });
  return {
    ...answer,
    results: answer.results.map(({ error, ...result }) => ({
      ...result,
      ...(error !== undefined && { error: redactText(error) }),
    })),
  };
};

/** Resolves open entries among the chosen, or counts them. @throws ApiError INVALID_INPUT if nothing was chosen. */
export const resolveChosen = async (
  { dataSource }: DeskDependencies,
  actor: string,
  body: z.infer<typeof resolveBody>,
): Promise<{ dryRun: boolean; resolved: number }> => {
  const filter = filterOf({ ...body, state: 'open' });
  const { limit, reason, dryRun } = body;
  const resolved = dryRun
    ? Math.min(limit, await countEntries(dataSource, filter))
    : await resolveEntries(dataSource, { filter, limit, actor, reason });
  return { dryRun, resolved };
};

/** What a redrive would meet. */
export interface RedrivePreview {
  readonly matching: number;
  /** Entries looked at: the first of those that would be chosen. */
  readonly looked: number;
  /** Of these, those that their handlers can read. */
  readonly fitting: number;
  /** The others, by the reason. */
  readonly refused: readonly {
    readonly reason: string;
    readonly entries: number;
    readonly example: string;
  }[];
}

/** Entries that one preview reads. */
const mostPreviewed = 100;

/**
 * Compares what was chosen with what its handlers read today; runs nothing.
 *
 * @throws ApiError INVALID_INPUT if nothing was chosen, CLOSED if this process knows no handlers.
 */
export const previewChosen = async (
  { dataSource, preview }: DeskDependencies,
  body: z.infer<typeof previewBody>,
): Promise<RedrivePreview> => {
  if (!preview)
    throw new ApiError('CLOSED', 'this process has no workers to preview with');
  const filter = filterOf(body);
  const [matching, ids] = await Promise.all([
    countEntries(dataSource, filter),
    selectIds(dataSource, filter, mostPreviewed),
  ]);
  const entries = await preview(ids);
  const refused = Map.groupBy(
    entries.filter(({ fits }) => !fits),
    ({ subscription, reason }: PreviewedEntry) => `${subscription}: ${reason}`,
  );
  return {
    matching,
    looked: entries.length,
    fitting: entries.filter(({ fits }) => fits).length,
    refused: [...refused].map(([reason, alike]) => ({
      reason: redactText(reason),
      entries: alike.length,
      example: alike[0]!.id,
    })),
  };
};

/** What can be resent from here. @throws ApiError CLOSED */
const resending = ({ resend }: DeskDependencies): Resend => {
  if (resend) return resend;
  throw new ApiError('CLOSED', 'this process has no workers to resend with');
};

/** Whether the handler of today reads an edited payload; runs nothing. */
export const previewEdit = async (
  desk: DeskDependencies,
  edit: z.infer<typeof editBody>,
): Promise<{ fits: boolean; reason?: string | undefined }> =>
  resending(desk).preview(edit);

/** Runs an entry with another payload. */
export const resendEdited = async (
  desk: DeskDependencies,
  actor: string,
  edit: z.infer<typeof resendBody>,
): Promise<{ outcome: string; error?: string; reason?: string }> =>
  resending(desk).run({
    ...edit,
    actor,
    signal: AbortSignal.timeout(
      Math.max(1_000, desk.patience - reserves.abort),
    ),
  });
