import pg from 'pg';

import type { Logger } from '../../logger.ts';
import { wakeUpChannel } from '../wake-up.ts';

/** Milliseconds before the second attempt to connect; doubled for each further one. */
const firstDelay = 250;
const longestDelay = 10_000;

export interface WakeUpListenerOptions {
  /** A Postgres URL; the listener keeps one connection of its own. */
  readonly url: string;
  readonly logger: Logger;
  /** A queue has something to do. */
  readonly onWakeUp: (queue: string) => void;
  /** It listens, again or for the first time: what was said before is not known. */
  readonly onListening: () => void;
}

/**
 * Hears which queues have something to do. NOTIFY keeps nothing for those who are away; so long as the
 * connection is lost, jobs wait for the next time the dispatcher looks of its own accord.
 */
export class WakeUpListener {
  readonly #options: WakeUpListenerOptions;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #attempts = 0;
  #isStopped = false;

  constructor(options: WakeUpListenerOptions) {
    this.#options = options;
  }

  /** Resolves when it listens, or once the first attempt to has failed. */
  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'nightshift jobs wake-up',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    this.#client = client;
    client.on('error', (error) => this.#onLost(client, error));
    client.on('end', () => this.#onLost(client));
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) this.#options.onWakeUp(payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${wakeUpChannel}`);
    } catch (error) {
      this.#onLost(client, error);
      return;
    }
    if (this.#client !== client) return;
    this.#attempts = 0;
    this.#options.onListening();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }

  #onLost(client: pg.Client, error?: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.end().catch(() => undefined);
    if (this.#isStopped) return;
    const delay = Math.min(longestDelay, firstDelay * 2 ** this.#attempts++);
    this.#options.logger.warn(
      { err: error, delay },
      'jobs are not announced while the database is away; they are looked for instead',
    );
    this.#retry = setTimeout(() => void this.start(), delay);
  }
}
