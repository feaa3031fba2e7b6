import { setTimeout as delay } from 'node:timers/promises';

import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { insertIntoOutbox } from '../src/events/outbox.ts';
import type { ChaosSubscription } from './subscriptions.ts';
import type { Numbered } from './workers.ts';

type Topic = ChaosSubscription['topic'];

/** Ordering keys; each belongs to one writer, so that its numbers are committed in their order. */
const KEYS = 40;
const WRITERS = 8;

/** One transaction of so many is rolled back at its end: its event must never be seen. */
const ROLLED_BACK = 15;

class RolledBack extends Error {}

/** Writes a numbered event and what proves it, in one transaction. */
export const sendNumber = async (
  con: DataSource,
  topic: Topic,
  { number, key }: Numbered,
  rollBack = false,
): Promise<void> =>
  con.transaction(async (manager) => {
    const id = uuidv7();
    await manager.query(
      'insert into chaos_sent (number, topic, key, event_id) values ($1, $2, $3, $4)',
      [number, topic, key, id],
    );
    await insertIntoOutbox(manager, {
      id,
      topic,
      payload: Buffer.from(JSON.stringify({ number, key })),
      orderingKey: topic === 'chaos.ordered' ? key : undefined,
      traceparent: undefined,
      cause: undefined,
    });
    if (rollBack) throw new RolledBack();
  });

/** Commits numbered events at a steady rate, whatever becomes of the database meanwhile. */
export class Load {
  readonly #con: DataSource;
  /** Pause of each writer between two events, in milliseconds. */
  readonly #pause: number;
  #next = 1;
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();
  /** Transactions whose outcome the writer was not told, or that failed. */
  unanswered = 0;
  rolledBack = 0;

  /** @param rate events a second */
  constructor(con: DataSource, rate: number) {
    this.#con = con;
    this.#pause = (WRITERS * 1_000) / rate;
  }

  /** Transactions begun until now, whatever became of them. */
  get begun(): number {
    return this.#next - 1;
  }

  start(): void {
    this.#running = Promise.all(
      Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)),
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #write(writer: number): Promise<void> {
    for (let turn = 0; !this.#stopping; turn += 1) {
      const number = this.#next++;
      const key = `key ${writer + WRITERS * (turn % (KEYS / WRITERS))}`;
      const topic = number % 2 === 0 ? 'chaos.numbers' : 'chaos.ordered';
      const rollBack = number % ROLLED_BACK === 0;
      try {
        await sendNumber(this.#con, topic, { number, key }, rollBack);
      } catch (error) {
        if (error instanceof RolledBack) this.rolledBack += 1;
        else {
          // Committed or not: `chaos_sent` tells, at the end.
          this.unanswered += 1;
          await delay(100);
        }
      }
      await delay(this.#pause);
    }
  }
}
