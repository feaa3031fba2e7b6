import type { OutgoingMessage } from './outgoing-message.ts';
import { type Relation, type Tuple, unchanged } from './pgoutput/decode.ts';
import { CaptureError } from './errors.ts';
import { jsonText } from './types/column-type.ts';

/** The outbox lacks a column that its messages are made of. */
export class OutboxColumnError extends CaptureError {
  override readonly name = 'OutboxColumnError';

  constructor(readonly column: string) {
    super(
      `expected the outbox to have the column ${column}, but it does not; migrate the database back to what the streamer knows`,
    );
  }
}

/**
 * Reads messages from rows of the outbox, as Debezium's EventRouter does with the settings in
 * `debezium/`: the payload's bytes, the attributes `id` and `eventType`, and
 * `googclient_traceparent` and `cause` where there are any, as plain text.
 *
 * The ordering key is the row's as a JSON string, in quotes: Debezium writes all keys as JSON, and
 * those of row changes have to be. Whoever streams, the same events share a key.
 *
 * @throws OutboxColumnError
 */
export const createOutboxReader = (
  relation: Relation,
): ((row: Tuple) => OutgoingMessage) => {
  const indexOf = (column: string): number => {
    const index = relation.columns.findIndex(({ name }) => name === column);
    if (index < 0) throw new OutboxColumnError(column);
    return index;
  };
  const columns = {
    id: indexOf('id'),
    topic: indexOf('topic'),
    orderingKey: indexOf('ordering_key'),
    type: indexOf('type'),
    payload: indexOf('payload'),
    traceparent: indexOf('traceparent'),
    cause: indexOf('cause'),
  };
  return (row) => {
    const text = (column: keyof typeof columns): string | undefined => {
      const value = row[columns[column]];
      return value === null || value === unchanged ? undefined : value;
    };
    const id = text('id') ?? '';
    const traceparent = text('traceparent');
    const cause = text('cause');
    return {
      topic: text('topic') ?? '',
      orderingKey: jsonText(text('orderingKey') ?? ''),
      attributes: {
        id,
        eventType: text('type') ?? '',
        ...(traceparent !== undefined && {
          googclient_traceparent: traceparent,
        }),
        ...(cause !== undefined && { cause }),
      },
      data: Buffer.from((text('payload') ?? '\\x').slice(2), 'hex'),
      source: 'outbox',
      identity: id,
    };
  };
};
