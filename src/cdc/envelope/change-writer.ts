import type { CatalogTable } from '../catalog.ts';
import { UndecodableValueError } from '../errors.ts';
import { rowChangeId } from '../identity.ts';
import type { OutgoingMessage } from '../outgoing-message.ts';
import {
  type OutputMessage,
  type Relation,
  type Tuple,
  unchanged,
} from '../pgoutput/decode.ts';
import { sourceName } from '../tables.ts';
import type { ChangePosition } from '../transaction.ts';
import { envelopeColumns } from './columns.ts';
import { keyWriter } from './key.ts';
import { completed, rowJson } from './row.ts';
import { envelopeSchema } from './schema.ts';
import { sourceJson } from './source.ts';

/** A change of one row. */
export type RowChange = Extract<
  OutputMessage,
  { readonly kind: 'insert' | 'update' | 'delete' }
>;

/** Makes the messages of a change: none, one, or two if it gave the row another key. */
export type ChangeWriter = (
  change: RowChange,
  position: ChangePosition,
) => OutgoingMessage[];

interface Described {
  readonly op: 'c' | 'u' | 'd';
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Raw column texts, for the desk of a row whose envelope cannot be made. */
const rawRow = (relation: Relation, tuple: Tuple | undefined) =>
  tuple &&
  Object.fromEntries(
    relation.columns.map(({ name }, index) => {
      const value = tuple[index] ?? null;
      return [name, value === unchanged ? '(unchanged)' : value];
    }),
  );

/**
 * Describes how the rows of a table become envelopes, by the rules of Debezium's pgoutput connector
 * with `tombstones.on.delete=false` and `skip.messages.without.change=true`, routed to `topic` by
 * ByLogicalTableRouter.
 *
 * @throws UnsupportedTypeError
 */
export const createChangeWriter = (
  relation: Relation,
  catalog: CatalogTable,
  topic: string,
  database: string,
): ChangeWriter => {
  const { schema, table } = relation;
  const columns = envelopeColumns(relation, catalog);
  const keys = keyWriter(
    columns,
    catalog.primaryKey,
    `${sourceName}.${schema}.${table}`,
  );
  const prefix = `{"schema":${envelopeSchema(topic, columns)},"payload":{"before":`;

  const describe = (change: RowChange): Described[] => {
    if (change.kind === 'insert')
      return [{ op: 'c', before: undefined, after: change.after }];
    if (change.kind === 'delete')
      return [{ op: 'd', before: change.before.tuple, after: undefined }];
    const old = change.before;
    const after = completed(change.after, old?.tuple);
    const before = old?.kind === 'full' ? old.tuple : undefined;
    if (keys.exists && old && !keys.same(old.tuple, after))
      return [
        {
          op: 'd',
          before: old.tuple,
          after: undefined,
          attributes: { '__debezium.newkey': keys.header(after) },
        },
        {
          op: 'c',
          before: undefined,
          after,
          attributes: { '__debezium.oldkey': keys.header(old.tuple) },
        },
      ];
    const same = before?.every((value, index) => value === after[index]);
    return same ? [] : [{ op: 'u', before, after }];
  };

  const write = (
    { op, before, after, attributes = {} }: Described,
    position: ChangePosition,
  ): OutgoingMessage => {
    const orderingKey = keys.orderingKey((after ?? before)!);
    const { transactionId: txId } = position.transaction;
    const identity = rowChangeId(
      {
        source: {
          name: sourceName,
          txId,
          lsn: Number(position.lsn),
          schema,
          table,
        },
        op,
      },
      orderingKey,
    );
    const common = {
      topic,
      orderingKey,
      attributes,
      identity,
      source: 'cdc',
    } as const;
    const json = (tuple: Tuple | undefined) =>
      tuple ? rowJson(columns, tuple) : 'null';
    try {
      const now = BigInt(Date.now()) * 1_000_000n;
      const text =
        `${prefix}${json(before)},"after":${json(after)},` +
        `"source":${sourceJson(database, schema, table, position)},"transaction":null,"op":"${op}",` +
        `"ts_ms":${now / 1_000_000n},"ts_us":${now / 1_000n},"ts_ns":${now}}}`;
      return { ...common, data: Buffer.from(text) };
    } catch (error) {
      if (!(error instanceof UndecodableValueError)) throw error;
      const raw = {
        before: rawRow(relation, before),
        after: rawRow(relation, after),
      };
      return {
        ...common,
        data: Buffer.from(JSON.stringify(raw)),
        failure: error,
      };
    }
  };

  return (change, position) =>
    describe(change).map((described) => write(described, position));
};
