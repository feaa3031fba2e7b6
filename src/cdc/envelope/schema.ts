import type { EnvelopeColumn } from './columns.ts';

const field = (type: string, name: string, optional = false) => ({
  type,
  optional,
  field: name,
});

const snapshotMarkers =
  'true,first,first_in_data_collection,last_in_data_collection,last,false,incremental';

/** Where a change comes from: Debezium 3.5 and newer. */
const sourceSchema = {
  type: 'struct',
  fields: [
    field('string', 'version'),
    field('string', 'connector'),
    field('string', 'name'),
    field('int64', 'ts_ms'),
    {
      type: 'string',
      optional: true,
      name: 'io.debezium.data.Enum',
      version: 1,
      parameters: { allowed: snapshotMarkers },
      default: 'false',
      field: 'snapshot',
    },
    field('string', 'db'),
    field('string', 'sequence', true),
    field('int64', 'ts_us', true),
    field('int64', 'ts_ns', true),
    field('string', 'schema'),
    field('string', 'table'),
    field('int64', 'txId', true),
    field('int64', 'lsn', true),
    field('int64', 'xmin', true),
    field('string', 'origin', true),
    field('int64', 'origin_lsn', true),
  ],
  optional: false,
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
  field: 'source',
};

const transactionSchema = {
  type: 'struct',
  fields: [
    field('string', 'id'),
    field('int64', 'total_order'),
    field('int64', 'data_collection_order'),
  ],
  optional: true,
  name: 'event.block',
  version: 1,
  field: 'transaction',
};

const tail = JSON.stringify([
  sourceSchema,
  transactionSchema,
  field('string', 'op'),
  field('int64', 'ts_ms', true),
  field('int64', 'ts_us', true),
  field('int64', 'ts_ns', true),
]).slice(1, -1);

/** The schema half of an envelope, as JSON. It changes only with the table, so it is made once. */
export const envelopeSchema = (
  topic: string,
  columns: readonly EnvelopeColumn[],
): string => {
  const row = (name: string) =>
    `{"type":"struct","fields":[${columns.map(({ schema }) => schema).join(',')}],` +
    `"optional":true,"name":${JSON.stringify(`${topic}.Value`)},"field":"${name}"}`;
  return (
    `{"type":"struct","fields":[${row('before')},${row('after')},${tail}],` +
    `"optional":false,"name":${JSON.stringify(`${topic}.Envelope`)},"version":2}`
  );
};
