import { rowChangeId } from '../identity.ts';
import type { OutgoingMessage } from '../outgoing-message.ts';
import { sourceName } from '../tables.ts';
import type { ChangePosition } from '../transaction.ts';

/** Which change it is, but for its place in the log. */
export interface ChangedRow {
  readonly schema: string;
  readonly table: string;
  readonly op: 'c' | 'u' | 'd';
}

/** The message of a row change. What only the few need that come to the desk is made when they ask. */
export class RowMessage implements OutgoingMessage {
  readonly source = 'cdc';

  constructor(
    readonly row: ChangedRow,
    readonly position: ChangePosition,
    readonly topic: string,
    readonly orderingKey: string,
    readonly attributes: Readonly<Record<string, string>>,
    readonly parts: readonly [shared: Buffer, own: Buffer],
    readonly failure: Error | undefined,
  ) {}

  get data(): Buffer {
    return Buffer.concat(this.parts);
  }

  get identity(): string {
    const { schema, table, op } = this.row;
    const { lsn, transaction } = this.position;
    const source = {
      name: sourceName,
      txId: transaction.transactionId,
      lsn: Number(lsn),
      schema,
      table,
    };
    return rowChangeId({ source, op }, this.orderingKey);
  }
}
