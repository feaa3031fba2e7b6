import { EventEmitter } from 'node:events';

import pg from 'pg';
import { z } from 'zod';

import type { Logger } from '../../logger.ts';
import { ApiError } from '../errors.ts';
import { Mailbox } from './mailbox.ts';

/** The channel on which the background process tells of notifications, whatever process it is. */
const channel = 'new_notification';

const payloadSchema = z.object({
  notificationId: z.uuid(),
  userId: z.uuid(),
});

/** Notifications that may wait for one slow subscriber. */
const mailboxCapacity = 1_000;
/** Subscribers of one person; beyond, somebody leaks them. */
const maximumFollowers = 50;
/** Milliseconds before the second attempt to connect; doubled for each further one. */
const firstDelay = 250;
const longestDelay = 10_000;

export interface NotificationListenerOptions {
  /** A Postgres URL; the listener keeps one connection of its own. */
  readonly url: string;
  readonly logger: Logger;
}

/**
 * Follows Postgres's channel `new_notification` on one connection, for every subscriber of this
 * process. States: stopped → connecting → listening → (connection lost) connecting → …
 * NOTIFY keeps nothing for those who are away, so a lost connection ends every subscription:
 * its client subscribes again and reads what it may have missed.
 *
 * Events: `listening`; `lost` after every failed attempt and every lost connection; `followed`
 * with the user id of a new subscriber.
 */
export class NotificationListener extends EventEmitter<{
  followed: [userId: string];
  listening: [];
  lost: [];
}> {
  readonly #followers = new Map<string, Set<Mailbox<string>>>();
  readonly #options: NotificationListenerOptions;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #attempts = 0;
  #state: 'stopped' | 'connecting' | 'listening' = 'stopped';

  constructor(options: NotificationListenerOptions) {
    super();
    this.#options = options;
  }

  get state(): 'stopped' | 'connecting' | 'listening' {
    return this.#state;
  }

  /** Connects in the background and stays connected until `stop`. */
  start(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'connecting';
    void this.#connect();
  }

  /**
   * The ids of a person's notifications from now on.
   *
   * @throws ApiError UNAVAILABLE while Postgres is away, or if the person has too many subscribers.
   */
  follow(userId: string): AsyncIterableIterator<string> {
    const followers = this.#followers.get(userId) ?? new Set();
    if (this.#state !== 'listening')
      throw new ApiError(
        'UNAVAILABLE',
        'real-time notifications are not connected to the database; subscribe again in a moment',
      );
    if (followers.size >= maximumFollowers)
      throw new ApiError(
        'UNAVAILABLE',
        `expected at most ${maximumFollowers} subscriptions of one user, got one more; end some first`,
      );
    const mailbox = new Mailbox<string>(mailboxCapacity, () => {
      followers.delete(mailbox);
      if (followers.size === 0) this.#followers.delete(userId);
    });
    followers.add(mailbox);
    this.#followers.set(userId, followers);
    this.emit('followed', userId);
    return mailbox;
  }

  /** Ends every subscription and the connection. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    this.#endAll();
    await client?.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'nightshift real-time',
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    this.#client = client;
    // An error ends the connection, but may come more than once or without `end`.
    client.on('error', (error) => this.#onLost(client, error));
    client.on('end', () => this.#onLost(client));
    client.on('notification', ({ payload }) => this.#deliver(payload));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      if (this.#client !== client) return;
      this.#state = 'listening';
      this.#attempts = 0;
      this.emit('listening');
    } catch (error) {
      this.#onLost(client, error);
    }
  }

  #onLost(client: pg.Client, error?: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#state = 'connecting';
    client.end().catch(() => undefined);
    const delay = Math.min(longestDelay, firstDelay * 2 ** this.#attempts++);
    this.#options.logger.warn(
      { err: error, delay },
      'real-time notifications lost the database; their subscriptions end',
    );
    this.#endAll();
    this.#retry = setTimeout(() => void this.#connect(), delay);
    this.emit('lost');
  }

  #deliver(payload: string | undefined): void {
    const result = payloadSchema.safeParse(parseJson(payload));
    if (!result.success) {
      this.#options.logger.error(
        { channel },
        'expected { notificationId, userId } on the channel, got something else',
      );
      return;
    }
    const { notificationId, userId } = result.data;
    for (const mailbox of this.#followers.get(userId) ?? [])
      mailbox.push(notificationId);
  }

  #endAll(): void {
    for (const followers of [...this.#followers.values()])
      for (const mailbox of [...followers]) mailbox.end();
  }
}

const parseJson = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
};
