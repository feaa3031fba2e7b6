import { Command } from 'commander';

import { payloadDocument } from '../common/payload-document.ts';
import { findEntry } from '../dead-letters/search.ts';
import { shortened } from '../dead-letters/text.ts';
import createOrGetConnection, { closeConnection } from '../db.ts';
import type { DeadLetter } from '../entity/infrastructure/index.ts';
import { entryId } from './dead-letters-filter.ts';

/** Characters of a payload on a terminal; --json prints it whole. */
const longestPayload = 10_000;

const shownPayload = ({ erasedAt, payload, topic }: DeadLetter): string => {
  if (erasedAt) return '(erased)';
  const document = payloadDocument(topic, payload);
  return shortened(
    document === undefined
      ? `${payload.length} bytes, in base64: ${payload.toString('base64')}`
      : JSON.stringify(document, null, 2),
    longestPayload,
  );
};

const moment = (date: Date | null): string => date?.toISOString() ?? '-';

const describe = (entry: DeadLetter): string =>
  [
    ['id', entry.id],
    ['state', entry.state],
    ...(entry.stateChangedAt
      ? [
          [
            '',
            `by ${entry.stateChangedBy} at ${moment(entry.stateChangedAt)}${entry.stateReason === null ? '' : `: ${entry.stateReason}`}`,
          ],
        ]
      : []),
    ['source', entry.source],
    ['subscription', entry.subscription],
    ['topic', entry.topic],
    ['event id', entry.eventId ?? '- (recognised by publish time and payload)'],
    ['message id', entry.messageId ?? '-'],
    ['ordering key', entry.orderingKey || '-'],
    ['published', moment(entry.publishTime)],
    ['first seen', moment(entry.firstSeenAt)],
    ['last seen', moment(entry.lastSeenAt)],
    ['attempts', String(entry.attempts)],
    ['redrives', String(entry.redrives)],
    ['fingerprint', entry.fingerprint],
    ['attributes', JSON.stringify(entry.attributes)],
  ]
    .map(([name = '', value = '']) => `${name.padEnd(14)}${value}`)
    .concat('', entry.errorStack ?? entry.error, '', shownPayload(entry))
    .join('\n');

const run = async (
  id: string,
  options: { readonly json?: true },
): Promise<void> => {
  try {
    const entry = await findEntry(await createOrGetConnection(), id);
    if (!options.json) console.log(describe(entry));
    else {
      const { payload, ...others } = entry;
      console.log(
        JSON.stringify({
          ...others,
          document: payloadDocument(entry.topic, payload) ?? null,
          payload: payload.toString('base64'),
        }),
      );
    }
  } finally {
    await closeConnection();
  }
};

/** `nightshift dead-letters show` */
export const showCommand = (): Command =>
  new Command('show')
    .description('show one entry with its message and its error')
    .argument('<id>', 'an id that list --entries shows', entryId)
    .option(
      '--json',
      'print everything as one line of JSON; payload in base64, and readable as document',
    )
    .addHelpText(
      'after',
      `
This shows what was in the message, which may be about a person.

Example:
  nightshift dead-letters show 0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11`,
    )
    .action(run);
