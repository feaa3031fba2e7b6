import type { DataSource } from 'typeorm';

/**
 * `chaos_sent` is written in the transaction of the event itself: what is in it was committed.
 * `chaos_effect` has no unique key on purpose: what took effect twice stands in it twice.
 */
const statements = [
  `create table if not exists chaos_sent (
     number bigint primary key, topic text not null, key text not null, event_id uuid not null)`,
  `create table if not exists chaos_effect (
     id bigint generated always as identity primary key, subscription text not null,
     number bigint not null, key text not null)`,
  'create index if not exists chaos_effect_number on chaos_effect (subscription, number)',
  // The effect of a worker that is not transactional, and so has to be idempotent.
  'create table if not exists chaos_record (number bigint primary key)',
  // Which poisonous handlers have been mended.
  'create table if not exists chaos_mended (subscription text primary key)',
];

/** Makes the tables that the load writes and the proof counts. */
export const createTables = async (con: DataSource): Promise<void> => {
  for (const statement of statements) await con.query(statement);
};
