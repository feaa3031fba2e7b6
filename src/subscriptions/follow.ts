import pg from 'pg';
import type { DataSource } from 'typeorm';

import type { Logger } from '../logger.ts';
import { listPauses, pauseChannel, shownPause } from './pauses.ts';

/** Milliseconds between two looks of its own accord, also for hearing again what lost its connection. */
const pollInterval = 5_000;

export interface PauseFollowerOptions {
  readonly con: DataSource;
  /** A Postgres URL; the follower keeps one connection of its own. */
  readonly url: string;
  readonly logger: Logger;
  /** Told of all that is paused, by the subscriptions' names with the words why, whenever it was looked at. */
  readonly onPauses: (paused: ReadonlyMap<string, string>) => void;
}

/**
 * Follows which subscriptions are paused: at once when somebody says so, and every five seconds because nobody may
 * have been heard. While the database is away, what was known last holds.
 */
export class PauseFollower {
  readonly #options: PauseFollowerOptions;
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #isStopped = false;

  constructor(options: PauseFollowerOptions) {
    this.#options = options;
  }

  /** Looks for the first time. @throws whatever Postgres says */
  async start(): Promise<void> {
    await this.#read();
    await this.#listen();
    this.#timer = setInterval(() => {
      if (!this.#client) void this.#listen();
      this.#look();
    }, pollInterval);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
    await this.#looking;
  }

  async #listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'nightshift pauses',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    this.#client = client;
    const lost = () => {
      if (this.#client === client) this.#client = undefined;
      client.end().catch(() => undefined);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', () => this.#look());
    try {
      await client.connect();
      await client.query(`listen ${pauseChannel}`);
      // What was said before it listened.
      this.#look();
    } catch {
      lost();
    }
  }

  async #read(): Promise<void> {
    const { con, onPauses } = this.#options;
    const pauses = await listPauses(con);
    if (this.#isStopped) return;
    onPauses(
      new Map(pauses.map((pause) => [pause.subscription, shownPause(pause)])),
    );
  }

  /** One look at a time; what is said meanwhile is followed by another. */
  #look(): void {
    if (this.#isStopped) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = this.#read()
      .catch((error: unknown) =>
        this.#options.logger.warn(
          { err: error },
          'it could not be read which subscriptions are paused; what was known last holds',
        ),
      )
      .finally(() => {
        this.#looking = undefined;
        if (!this.#again) return;
        this.#again = false;
        this.#look();
      });
  }
}
