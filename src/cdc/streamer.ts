import { closed, within } from '../drain.ts';
import type { Logger } from '../logger.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { Catalog } from './catalog.ts';
import { CaptureDesk } from './desk.ts';
import { CaptureError } from './errors.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { formatLsn, type Lsn } from './protocol/lsn.ts';
import type { BrokerAddress } from './publish/broker.ts';
import { Publisher } from './publish/publisher.ts';
import { runSession } from './session.ts';
import {
  type CapturedTable,
  capturedTables,
  publicationName,
  slotName,
} from './tables.ts';

/** Called as things happen, so that a test can wait for them. */
export interface StreamerSignals {
  /** A replication stream has begun. */
  readonly onStreaming?: () => void;
  /** The broker, or the desk, has the message. */
  readonly onPublished?: (message: OutgoingMessage) => void;
  /** It is written down since when nothing is missing. */
  readonly onPositionRecorded?: () => void;
  /** Everything before this LSN may be forgotten. */
  readonly onConfirmed?: (lsn: string) => void;
  /** The streamer cannot go on at present, and says why. */
  readonly onWaiting?: (reason: string) => void;
  /** A message is on the desk. */
  readonly onDeadLetter?: (message: OutgoingMessage, error: Error) => void;
}

export interface StreamerOptions {
  readonly databaseUrl: string;
  /** Where the broker is. */
  readonly pubsub: BrokerAddress;
  /** @default 'nightshift_cdc' */
  readonly slot?: string;
  /** @default 'nightshift' */
  readonly publication?: string;
  /** @default the tables of `tables.ts` */
  readonly tables?: readonly CapturedTable[];
  /** Longest wait for the broker in `stop()`, in milliseconds. @default 10000 */
  readonly drainTimeout?: number;
  /** Messages that wait for the broker at once. @default 2000 */
  readonly maxMessages?: number;
  /** Milliseconds between two looks at what is published, for `cdc recover`. @default 10000 */
  readonly positionInterval?: number;
  /** Pauses between attempts to connect, and to publish. */
  readonly backoff?: BackoffOptions;
  readonly logger: Logger;
  readonly signals?: StreamerSignals;
}

/**
 * - `connecting`: no stream yet, or not any more.
 * - `streaming`: changes flow.
 * - `waiting`: held up by something that passes, such as a topic that does not exist or a slot that
 *   another process holds; tried again with growing pauses.
 * - `failed`: an operator has to act; tried again with growing pauses all the same.
 * - `stopped`: not started, or stopped.
 */
export type StreamerState =
  'connecting' | 'streaming' | 'waiting' | 'stopped' | 'failed';

export interface StreamerStatus {
  readonly state: StreamerState;
  /** Why it is waiting or failed. */
  readonly reason?: string;
  /** As Postgres writes it: `0/17D8F18`. */
  readonly confirmedLsn?: string;
  /** Bytes of log between the server's position, as last heard, and what is confirmed. */
  readonly lagBytes?: number;
}

/** Publishes the changes of the captured tables and the events of the outbox. */
export interface Streamer {
  /**
   * Resolves when the stream has begun, or when it is clear that it has to wait (for Postgres, or
   * for another process that holds the slot) and goes on trying. May be called once.
   *
   * @throws CaptureError if an operator has to act: no slot, a lost slot, no publication, a column
   *   of an unsupported type. The streamer is stopped then.
   */
  start(): Promise<void>;
  /**
   * Waits for the broker's word on what is under way, confirms it and ends; at most nine seconds longer than
   * `drainTimeout`, whatever does not answer. Idempotent.
   */
  stop(): Promise<void>;
  status(): StreamerStatus;
}

const defaultDrainTimeout = 10_000;

/** How long connections may take to end, in milliseconds. */
const partingTime = 3_000;

/** Postgres: another process holds the slot. */
const objectInUse = '55006';

const isSlotInUse = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === objectInUse;

class LogStreamer implements Streamer {
  readonly #options: StreamerOptions;
  readonly #slot: string;
  readonly #abort = new AbortController();
  readonly #catalog: Catalog;
  readonly #desk: CaptureDesk;
  readonly #publisher: Publisher;
  readonly #started = Promise.withResolvers<void>();
  #state: StreamerState = 'stopped';
  #reason: string | undefined;
  #confirmed: Lsn | undefined;
  #serverPosition: Lsn | undefined;
  #running: Promise<void> | undefined;
  #hasStarted = false;

  constructor(options: StreamerOptions) {
    this.#options = options;
    this.#slot = options.slot ?? slotName;
    this.#catalog = new Catalog(options.databaseUrl);
    this.#desk = new CaptureDesk(options.databaseUrl, this.#slot);
    const { pubsub, logger, signals, maxMessages, backoff } = options;
    this.#publisher = new Publisher({
      pubsub,
      logger,
      maxMessages,
      backoff,
      bury: async (message, error) => {
        await this.#desk.bury(message, error);
        logger.error(
          { err: error, topic: message.topic, identity: message.identity },
          'a message cannot be published and is a dead letter',
        );
        signals?.onDeadLetter?.(message, error);
      },
      onPublished: signals?.onPublished,
      onBlocked: signals?.onWaiting,
    });
  }

  async start(): Promise<void> {
    if (this.#running)
      throw new Error('expected a streamer to be started once; make another');
    this.#running = this.#run();
    await this.#started.promise;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    const running = this.#running ?? Promise.resolve();
    const { logger, drainTimeout = defaultDrainTimeout } = this.#options;
    if (await within(drainTimeout + partingTime, running)) return;
    // The database answers nothing. What is asked of it fails now, and all else ends.
    this.#catalog.cut();
    await closed(logger, 2 * partingTime, { 'change data capture': running });
  }

  status(): StreamerStatus {
    const blocked = this.#publisher.blockedReason;
    const held = this.#state === 'streaming' && blocked !== undefined;
    const reason = held ? blocked : this.#reason;
    return {
      state: held ? 'waiting' : this.#state,
      ...(reason !== undefined && { reason }),
      ...(this.#confirmed !== undefined && {
        confirmedLsn: formatLsn(this.#confirmed),
      }),
      ...(this.#confirmed !== undefined &&
        this.#serverPosition !== undefined && {
          lagBytes: Math.max(0, Number(this.#serverPosition - this.#confirmed)),
        }),
    };
  }

  #setState(state: StreamerState, reason?: string): void {
    this.#state = state;
    this.#reason = reason;
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(this.#options.backoff);
    const { signal } = this.#abort;
    try {
      while (!signal.aborted) {
        this.#setState('connecting', this.#reason);
        try {
          await this.#stream(backoff);
        } catch (error) {
          if (signal.aborted) break;
          if (!this.#explain(error)) break;
          await backoff.wait(signal);
        }
      }
    } finally {
      this.#publisher.close();
      await closed(this.#options.logger, partingTime, {
        'the connection to the catalog': this.#catalog.close(),
        'connections of the desk': this.#desk.close(),
      });
      this.#catalog.cut();
      this.#started.resolve();
      if (signal.aborted) this.#setState('stopped');
    }
  }

  async #stream(backoff: Backoff): Promise<void> {
    const {
      databaseUrl,
      publication,
      tables,
      signals,
      drainTimeout,
      positionInterval,
    } = this.#options;
    await runSession({
      databaseUrl,
      slot: this.#slot,
      publication: publication ?? publicationName,
      tables: tables ?? capturedTables,
      catalog: this.#catalog,
      publisher: this.#publisher,
      signal: this.#abort.signal,
      drainTimeout: drainTimeout ?? defaultDrainTimeout,
      positionInterval: positionInterval ?? 10_000,
      logger: this.#options.logger,
      onPositionRecorded: signals?.onPositionRecorded,
      onStreaming: () => {
        backoff.reset();
        this.#hasStarted = true;
        this.#setState('streaming');
        this.#options.logger.info({ slot: this.#slot }, 'streaming changes');
        this.#started.resolve();
        signals?.onStreaming?.();
      },
      onConfirmed: (lsn) => {
        this.#confirmed = lsn;
        signals?.onConfirmed?.(formatLsn(lsn));
      },
      onServerPosition: (walEnd) => {
        this.#serverPosition = walEnd;
      },
    });
  }

  /** Keeps what is wrong for the status. @returns whether to try again. */
  #explain(error: unknown): boolean {
    const { logger, signals } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    // The same again is not news; a streamer may wait for hours.
    const repeated = reason === this.#reason;
    const details = { err: error, slot: this.#slot };
    if (error instanceof CaptureError) {
      this.#setState('failed', reason);
      logger[repeated ? 'debug' : 'error'](
        details,
        'changes cannot be captured',
      );
    } else {
      this.#setState(isSlotInUse(error) ? 'waiting' : 'connecting', reason);
      logger[repeated ? 'debug' : 'warn'](
        details,
        'the replication stream is interrupted; it is begun again',
      );
    }
    signals?.onWaiting?.(reason);
    if (error instanceof CaptureError && !this.#hasStarted) {
      this.#started.reject(error);
      return false;
    }
    this.#hasStarted = true;
    this.#started.resolve();
    return true;
  }
}

/** Makes a streamer; nothing connects before `start()`. */
export const createStreamer = (options: StreamerOptions): Streamer =>
  new LogStreamer(options);
