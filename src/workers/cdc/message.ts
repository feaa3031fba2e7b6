import type { ChangeMessage } from '../../cdc/change-message.ts';
import { messageToJson, PermanentError, type RawMessage } from '../worker.ts';
import type { RowChange } from './handler.ts';

/** A row change with the table that it happened in. */
export type TableChange<Row> = RowChange<Row> & { readonly table: string };

/** A message of a changes topic that is no envelope of Debezium's, so that nothing can follow from it. */
export class UnknownEnvelopeError extends PermanentError {
  override readonly name = 'UnknownEnvelopeError';

  constructor(readonly messageId: string) {
    super(
      `expected message ${messageId} to hold { payload: { op, before, after, source } }; ` +
        'only the streamer or Debezium may publish on a topic of row changes',
    );
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/**
 * The row change in a message; `undefined` for what changed no row: heartbeats, rows that a
 * snapshot read, truncated tables. That `Row` is what the table holds is the caller's claim.
 *
 * @throws UnparsableMessageError if the message is not JSON.
 * @throws UnknownEnvelopeError if it is not an envelope.
 */
export const rowChangeOf = <Row>(
  message: Pick<RawMessage, 'data' | 'messageId'>,
): TableChange<Row> | undefined => {
  const envelope = messageToJson<ChangeMessage<Row>>(message);
  const refuse = () => new UnknownEnvelopeError(message.messageId);
  if (!isObject(envelope) || !isObject(envelope.payload)) throw refuse();
  const { payload } = envelope;
  if (!('op' in payload)) {
    if ('ts_ms' in payload) return undefined;
    throw refuse();
  }
  const { op, before, after, source } = payload;
  if (op !== 'c' && op !== 'u' && op !== 'd') return undefined;
  if (!isObject(source) || !isObject(op === 'd' ? before : after)) {
    throw refuse();
  }
  // Which of the two rows is there follows from the operation, as was checked.
  return { op, before, after, table: source.table } as TableChange<Row>;
};
