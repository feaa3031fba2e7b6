import { setTimeout as delay } from 'node:timers/promises';

import pg from 'pg';

import type { Ledger } from './ledger.ts';

export const eventsTopics = ['chaos-events-1', 'chaos-events-2'] as const;

const keys = 50;
const people = 50;

/** Milliseconds to wait before Postgres is tried again. */
const pause = 200;

/**
 * Commits changes one transaction after the other: events of many keys on two topics, changes of people's
 * rows, now and then hundreds at once, and some that are rolled back.
 */
export class Load {
  readonly #numbers = new Map<string, number>();
  #ids: string[] = [];
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(
    readonly databaseUrl: string,
    readonly ledger: Ledger,
    /** Transactions a second at most. */
    readonly rate: number,
  ) {}

  /** Makes the people, whose reputation is what their changes count. */
  async prepare(): Promise<void> {
    await this.#connected(async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `insert into "user" (id, username, name, email, reputation)
         select gen_random_uuid(), 'person-' || n, 'Ada', 'ada-' || n || '@example.com', 0
         from generate_series(1, $1::int) n returning id`,
        [people],
      );
      this.#ids = rows.map(({ id }) => id);
    });
  }

  start(): void {
    this.#stopping = false;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#connected((client) => this.#commitOn(client));
      } catch {
        // Postgres is away; it is tried again. What it may have committed is looked up then.
        await delay(pause);
      }
    }
  }

  async #connected(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #commitOn(client: pg.Client): Promise<void> {
    await this.#catchUp(client);
    const began = performance.now();
    for (let count = 0; !this.#stopping; count += 1) {
      await this.#transaction(client);
      const due = began + (count * 1_000) / this.rate;
      const early = due - performance.now();
      if (early > 1) await delay(early);
    }
  }

  /** A commit whose answer was lost happened or did not: the table knows. */
  async #catchUp(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ key: string; number: number }>(
      `select ordering_key as key, count(*)::int as number from outbox where type = 'chaos' group by 1
       union all select id::text, reputation from "user"`,
    );
    for (const { key, number } of rows) {
      this.#numbers.set(key, number);
      this.ledger.commit(key, number);
    }
  }

  async #transaction(client: pg.Client): Promise<void> {
    const rollsBack = Math.random() < 0.05;
    const size = Math.random() < 0.01 ? 300 : 1 + Math.floor(Math.random() * 4);
    const numbers = new Map<string, number>();
    await client.query('begin');
    for (let change = 0; change < size; change += 1) {
      const isEvent = Math.random() < 0.6;
      const key = isEvent
        ? `key-${Math.floor(Math.random() * keys)}`
        : this.#ids[Math.floor(Math.random() * people)]!;
      const number = (numbers.get(key) ?? this.#numbers.get(key) ?? 0) + 1;
      numbers.set(key, number);
      await (isEvent
        ? client.query(
            `insert into outbox (id, topic, ordering_key, type, payload)
             values (gen_random_uuid(), $1, $2, 'chaos', convert_to($3, 'UTF8'))`,
            [
              eventsTopics[Number(key.slice(4)) % 2],
              key,
              JSON.stringify({ key, number }),
            ],
          )
        : client.query(
            'update "user" set reputation = reputation + 1 where id = $1',
            [key],
          ));
    }
    await client.query(rollsBack ? 'rollback' : 'commit');
    if (rollsBack) return;
    for (const [key, number] of numbers) {
      this.#numbers.set(key, number);
      this.ledger.commit(key, number);
    }
  }
}
