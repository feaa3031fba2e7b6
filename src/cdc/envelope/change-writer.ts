import type { CatalogTable } from '../catalog.ts';
import { UndecodableValueError } from '../errors.ts';
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
import { RowMessage } from './row-message.ts';
import { sourceWriter } from './source.ts';

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

const nothing = Buffer.alloc(0);
const noAttributes = {};

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
  // Nine tenths of an envelope are its schema, which all messages of the table hold together.
  const prefix = Buffer.from(
    `{"schema":${envelopeSchema(topic, columns)},"payload":{"before":`,
  );
  const source = sourceWriter(database, schema, table);
  const json = (tuple: Tuple | undefined): string =>
    tuple ? rowJson(columns, tuple) : 'null';

  /** The envelope without the prefix. */
  const envelope = (
    { op, before, after }: Described,
    position: ChangePosition,
  ): Buffer => {
    const now = Date.now();
    const payload =
      `${json(before)},"after":${json(after)},"source":${source(position)},"transaction":null,"op":"${op}",` +
      `"ts_ms":${now},"ts_us":${now}000,"ts_ns":${now}000000}}`;
    return Buffer.from(payload);
  };

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

  /** The envelope in its parts; or the raw row and why it has none. */
  const contentOf = (
    described: Described,
    position: ChangePosition,
  ): Required<Pick<OutgoingMessage, 'parts'>> &
    Pick<OutgoingMessage, 'failure'> => {
    try {
      return { parts: [prefix, envelope(described, position)] };
    } catch (error) {
      if (!(error instanceof UndecodableValueError)) throw error;
      const raw = {
        before: rawRow(relation, described.before),
        after: rawRow(relation, described.after),
      };
      return {
        parts: [nothing, Buffer.from(JSON.stringify(raw))],
        failure: error,
      };
    }
  };

  const write = (
    described: Described,
    position: ChangePosition,
  ): OutgoingMessage => {
    const { op, before, after, attributes = noAttributes } = described;
    const orderingKey = keys.orderingKey((after ?? before)!);
    const { parts, failure } = contentOf(described, position);
    return new RowMessage(
      { schema, table, op },
      position,
      topic,
      orderingKey,
      attributes,
      parts,
      failure,
    );
  };

  return (change, position) =>
    describe(change).map((described) => write(described, position));
};
