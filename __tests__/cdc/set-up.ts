import { randomUUID } from 'node:crypto';

import { type Message, PubSub, type Subscription } from '@google-cloud/pubsub';
import pg from 'pg';
import { pino } from 'pino';

import {
  createStreamer,
  type Streamer,
  type StreamerOptions,
} from '../../src/cdc/streamer.ts';
import type { BrokerAddress } from '../../src/cdc/publish/broker.ts';
import { createPublicationSql } from '../../src/cdc/publication.ts';
import { ensureSlot } from '../../src/cdc/slot.ts';
import type { CapturedTable } from '../../src/cdc/tables.ts';
import { recoverySql } from '../../src/migration/1764000000012-cdc-recovery.ts';
import { heldUpSql } from '../../src/migration/1764000000052-cdc-held-up.ts';
import {
  type PubSubServer,
  startPubSub,
} from '../../src/pubsub-server/index.ts';
import { testServerUrl } from '../setup/database.ts';
import { administer, withDatabase } from '../setup/template-database.ts';

// Without it every client first looks for a Google metadata server.
process.env.METADATA_SERVER_DETECTION ??= 'none';

export const logger = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

const outboxSql = `
  create table outbox (
    id uuid primary key, topic text not null, ordering_key text not null, type text not null,
    payload bytea not null, traceparent text, cause text, created_at timestamptz not null default now())`;

const deadLetterSql = `
  create table dead_letter (
    id uuid primary key, source text not null, subscription text not null, topic text not null,
    identity text not null, event_id text, message_id text, publish_time timestamptz, ordering_key text not null default '',
    payload bytea not null, document jsonb, attributes jsonb not null, error text not null,
    error_stack text, fingerprint text not null, attempts int not null, redrives int not null default 0,
    state text not null default 'open', state_changed_at timestamptz, state_changed_by text,
    state_reason text, forwarded_id text, erased_at timestamptz,
    first_seen_at timestamptz not null default now(), last_seen_at timestamptz not null default now(),
    constraint dead_letter_identity unique (source, subscription, identity))`;

/** What the streamer needs beside the captured tables and the outbox. */
export const deskAndRecoverySql = [deadLetterSql, ...recoverySql, heldUpSql];

/** The tables that the streamer needs beside the captured ones. */
export const infrastructureSql = [outboxSql, ...deskAndRecoverySql];

/** A database with a publication and a slot of its own. */
export interface CaptureDatabase {
  readonly url: string;
  readonly name: string;
  readonly slot: string;
  readonly client: pg.Client;
  drop(): Promise<void>;
}

/** Ends whoever holds the slot, as often as somebody takes it, and drops it; the server then tells its holder. */
const dropSlotSql = (slot: string) => `
  do $$ begin
    while exists (select from pg_replication_slots where slot_name = '${slot}' and active) loop
      perform pg_terminate_backend(active_pid) from pg_replication_slots
        where slot_name = '${slot}' and active_pid is not null;
      perform pg_sleep(0.01);
    end loop;
    perform pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${slot}';
  end $$`;

/** Drops a slot, held or not. */
export const dropSlot = (slot: string): Promise<void> =>
  administer(testServerUrl(), dropSlotSql(slot));

export const createCaptureDatabase = async (
  schema: readonly string[],
  tables: readonly CapturedTable[],
): Promise<CaptureDatabase> => {
  const server = testServerUrl();
  const name = `cdc_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${name}`);
  const url = withDatabase(server, name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of schema) await client.query(statement);
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  for (const statement of createPublicationSql(tables, {
    serverVersion: rows[0]!.version,
  }))
    await client.query(statement);
  await ensureSlot(client, name);
  return {
    url,
    name,
    slot: name,
    client,
    drop: async () => {
      await client.end();
      await dropSlot(name);
      await administer(server, `drop database ${name} with (force)`);
    },
  };
};

/** Collects what a topic is given, in the order of its arrival. */
export class Received {
  readonly messages: Message[] = [];
  readonly #subscription: Subscription;
  #wake = Promise.withResolvers<void>();

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
    subscription.on('error', () => undefined);
    subscription.on('message', (message: Message) => {
      this.messages.push(message);
      message.ack();
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#wake.promise;
  }

  async count(count: number): Promise<Message[]> {
    await this.until(() => this.messages.length >= count);
    return this.messages;
  }

  async close(): Promise<void> {
    await this.#subscription.close();
  }
}

/** A broker with clients; `stop` ends all of it. */
export interface TestBroker {
  readonly server: PubSubServer;
  readonly pubsub: PubSub;
  readonly address: BrokerAddress;
  /** Makes the topic and a subscription in order of keys, and listens. */
  listen(topic: string): Promise<Received>;
  /** Another server, with nothing in it, on the port of the first one. */
  restart(port: number): Promise<void>;
  stop(): Promise<void>;
}

export const startBroker = async (): Promise<TestBroker> => {
  const server = await startPubSub();
  const servers = [server];
  process.env.PUBSUB_EMULATOR_HOST = server.address;
  const pubsub = new PubSub({ projectId: 'test' });
  const listening: Received[] = [];
  return {
    server,
    pubsub,
    address: { projectId: 'test', emulatorHost: server.address },
    listen: async (topic) => {
      await pubsub.createTopic(topic);
      const name = `${topic}-${randomUUID()}`;
      await pubsub
        .topic(topic)
        .createSubscription(name, { enableMessageOrdering: true });
      const received = new Received(
        pubsub.subscription(name, {
          streamingOptions: { maxStreams: 1 },
          batching: { maxMilliseconds: 5 },
          flowControl: { maxMessages: 100_000 },
        }),
      );
      listening.push(received);
      return received;
    },
    restart: async (port) => {
      servers.push(await startPubSub({ port }));
    },
    stop: async () => {
      await Promise.all(listening.map((received) => received.close()));
      await pubsub.close();
      await Promise.all(servers.map((each) => each.stop()));
    },
  };
};

/** Something that happens again and again, and that a test waits for. */
export class Signal<Value> {
  readonly values: Value[] = [];
  #wake = Promise.withResolvers<void>();

  readonly fire = (value: Value): void => {
    this.values.push(value);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  };

  async until(condition: (values: readonly Value[]) => boolean): Promise<void> {
    while (!condition(this.values)) await this.#wake.promise;
  }
}

/** A streamer on a test's database, with fast retries. */
export const streamerOn = (
  database: Pick<CaptureDatabase, 'url' | 'slot'>,
  pubsub: BrokerAddress,
  tables: readonly CapturedTable[],
  options: Partial<StreamerOptions> = {},
): Streamer =>
  createStreamer({
    databaseUrl: database.url,
    slot: database.slot,
    pubsub,
    tables,
    logger,
    drainTimeout: 2_000,
    backoff: { minimum: 10, maximum: 100 },
    ...options,
  });
