import { createHash } from 'node:crypto';

import {
  newOperation,
  type Operator,
  recordAction,
} from '../dead-letters/audit.ts';
import { NotEditableError } from '../dead-letters/errors.ts';
import { findEntry } from '../dead-letters/search.ts';
import { encodeDocument, payloadDocument } from '../common/payload-document.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import { changedPaths } from './changed-paths.ts';
import { type Preview, previewEntry, type Previewer } from './preview.ts';
import { redriveEntry } from './redrive.ts';
import type { RedriveResult } from './redrive-result.ts';
import type { Redriver } from './redriver.ts';

export interface ResendRequest extends Operator {
  readonly id: string;
  /** The payload that runs in place of the stored one. */
  readonly document: unknown;
  readonly reason: string;
  readonly signal: AbortSignal;
}

const sha256 = (payload: Buffer): string =>
  createHash('sha256').update(payload).digest('hex');

/** @throws NotEditableError */
const requireEditable = ({ source, eventId, erasedAt }: DeadLetter): void => {
  if (erasedAt)
    throw new NotEditableError(
      'its data was erased with a user; nothing can be sent in its place',
    );
  if (source !== 'pubsub' && source !== 'job')
    throw new NotEditableError(
      `expected a message of a subscription or a job, got an entry of ${source}; mend the row or the flow, and redrive it`,
    );
  if (eventId === null)
    throw new NotEditableError(
      'it has no event id, so that nobody would know the edited message as the same one; publish a new message instead',
    );
};

/** The edited payload in the bytes of its topic. @throws NotEditableError with what is wrong */
const encoded = ({ topic, source }: DeadLetter, document: unknown): Buffer => {
  if (source === 'job') return Buffer.from(JSON.stringify(document));
  try {
    return encodeDocument(topic, document);
  } catch (error) {
    throw new NotEditableError(
      error instanceof Error ? error.message : String(error),
    );
  }
};

/**
 * Compares an edited payload with what its handler reads today; runs nothing.
 *
 * @throws NotEditableError; UnknownDeadLetterError
 */
export const previewResend = async (
  { dataSource }: Pick<Redriver, 'dataSource'>,
  previewer: Previewer,
  { id, document }: Pick<ResendRequest, 'id' | 'document'>,
): Promise<Preview> => {
  const entry = await findEntry(dataSource, id);
  requireEditable(entry);
  return previewEntry(previewer, {
    ...entry,
    payload: encoded(entry, document),
  });
};

/**
 * Runs an entry with another payload: for the one subscription or queue that failed, never through the topic, under
 * the id that it had, so that the inbox and every idempotent effect know it as the same one. The desk keeps the
 * original. The audit log has what it ran with as a hash, and which paths differ, without their values.
 *
 * @throws NotEditableError; UnknownDeadLetterError
 */
export const resendEntry = async (
  redriver: Redriver,
  { id, document, actor, reason, signal }: ResendRequest,
): Promise<RedriveResult & { readonly operation: string }> => {
  const { manager } = redriver.dataSource;
  const entry = await findEntry(redriver.dataSource, id);
  requireEditable(entry);
  const payload = encoded(entry, document);
  const operation = newOperation();
  const audit = (moment: string, counts: Readonly<Record<string, number>>) =>
    recordAction(manager, {
      operation,
      action: `dead-letters.edit.${moment}`,
      actor,
      reason,
      filter: {
        ids: [id],
        original: sha256(entry.payload),
        edited: sha256(payload),
        changed: changedPaths(
          payloadDocument(entry.topic, entry.payload),
          document,
        ),
      },
      counts,
    });
  await audit('started', { chosen: 1 });
  const result = await redriveEntry(redriver, {
    id,
    payload,
    actor,
    reason: `with an edited payload: ${reason}`,
    signal,
  });
  await audit('finished', { [result.outcome]: 1 });
  return { ...result, operation };
};
