import type { DataSource } from 'typeorm';

import type { DeliveryFacts } from './record.ts';

/** A delivery ready to be written. */
export interface Recorded extends DeliveryFacts {
  readonly subscription: string;
  readonly topic: string;
  readonly share: number;
}

const time = (field: string) => `to_timestamp(${field} / 1000.0)`;

// One text of JSON, because making it costs this process a third of what arrays of the driver do.
const statement = `
  with given as materialized (
    select * from json_to_recordset($1) as given (
      "eventId" text, subscription text, "startedAt" float8, "finishedAt" float8, "receivedAt" float8,
      "publishedAt" float8, topic text, "messageId" text, attempt int, copies int, outcome text, failure text,
      error text, cause text, share real, change json)
  ), changes as (
    insert into row_change (id, table_name, key, op, lsn, transaction_id, committed_at, decoded_at)
    select distinct on (id) "eventId"::uuid as id, change ->> 'table', change ->> 'key', change ->> 'op',
      (change ->> 'lsn')::bigint, (change ->> 'transactionId')::bigint,
      ${time(`(change ->> 'committedAt')::float8`)}, ${time(`(change ->> 'decodedAt')::float8`)}
    from given where change is not null
    on conflict do nothing
  )
  insert into delivery (event_id, subscription, started_at, finished_at, received_at, published_at, topic,
    message_id, attempt, copies, outcome, failure, error, cause, share)
  select "eventId", subscription, ${time('"startedAt"')}, ${time('"finishedAt"')}, ${time('"receivedAt"')},
    ${time('"publishedAt"')}, topic, "messageId", attempt, copies, outcome, failure, error, cause, share
  from given
  on conflict do nothing`;

/** Writes deliveries, and the row changes that were delivered, with one statement; what is there already stays. */
export const writeDeliveries = async (
  con: DataSource,
  deliveries: readonly Recorded[],
): Promise<void> => {
  await con.query(statement, [JSON.stringify(deliveries)]);
};
