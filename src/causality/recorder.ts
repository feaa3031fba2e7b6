import type { DataSource } from 'typeorm';

import type { Logger } from '../logger.ts';
import { recorded } from './metrics.ts';
import type { DeliveryRecorder } from './record.ts';
import { Sampler } from './sampler.ts';
import { type Recorded, writeDeliveries } from './write.ts';

export interface CausalityRecorderOptions {
  readonly con: DataSource;
  readonly logger: Logger;
  /** Successes of a subscription that are recorded in a second; of more than these, a share. @default 200 */
  readonly maxRate?: number;
}

/** Milliseconds between two writes: what a process that is killed has not recorded yet. */
const interval = 1_000;
/** Deliveries of one statement. */
const batch = 2_000;
/** Deliveries that wait at most; what comes on top is dropped, because the host must not wait. */
const most = 20_000;
/** Classes of Postgres' errors that no second try mends: data, constraints, and what is too large. */
const refused = /^(22|23|54)/;
/** How long the last write may take, in milliseconds. */
const grace = 5_000;

/**
 * Records in the background what the host did. Handling a message adds an object to a list; all else happens once a
 * second, in one statement. What cannot be written waits for the next second, up to a bound.
 */
export class CausalityRecorder {
  readonly #options: CausalityRecorderOptions;
  readonly #recorders = new Map<string, DeliveryRecorder>();
  readonly #samplers: Sampler[] = [];
  readonly #timer: NodeJS.Timeout;
  #waiting: Recorded[] = [];
  #writing: Promise<void> | undefined;
  #troubled = false;
  #sampledOut = 0;
  #dropped = 0;

  constructor(options: CausalityRecorderOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#turn(), interval);
    this.#timer.unref();
  }

  /** The recorder of one subscription. */
  of({
    subscription,
    topic,
  }: {
    readonly subscription: string;
    readonly topic: string;
  }): DeliveryRecorder {
    const known = this.#recorders.get(subscription);
    if (known) return known;
    const sampler = new Sampler(this.#options.maxRate ?? 200);
    this.#samplers.push(sampler);
    const recorder: DeliveryRecorder = {
      wants: (eventId, plain) => {
        if (!plain || sampler.keeps(eventId)) return true;
        this.#sampledOut += 1;
        return false;
      },
      record: (delivery) => {
        if (this.#waiting.length >= most) {
          this.#dropped += 1;
          return;
        }
        const { share } = sampler;
        this.#waiting.push({ ...delivery, subscription, topic, share });
        if (this.#waiting.length === batch) setImmediate(() => this.#write());
      },
    };
    this.#recorders.set(subscription, recorder);
    return recorder;
  }

  /** Writes what waits, now. Resolves when it is written or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    this.#write();
    await this.#writing;
  }

  /** Writes what waits, within five seconds, and stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, grace);
    });
    await Promise.race([this.flush(), limit]);
    clearTimeout(timer);
    this.#tell();
  }

  #turn(): void {
    for (const sampler of this.#samplers) sampler.turn();
    this.#tell();
    this.#write();
  }

  #tell(): void {
    recorded.inc({ result: 'sampled_out' }, this.#sampledOut);
    recorded.inc({ result: 'dropped' }, this.#dropped);
    if (this.#dropped > 0)
      this.#options.logger.warn(
        { deliveries: this.#dropped },
        'deliveries were not recorded because the database does not keep up; their handling is not affected',
      );
    this.#sampledOut = 0;
    this.#dropped = 0;
  }

  #write(): void {
    if (this.#writing || this.#waiting.length === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    const { logger } = this.#options;
    try {
      while (this.#waiting.length > 0) {
        const deliveries = this.#waiting.slice(0, batch);
        const result = await this.#writeBatch(deliveries);
        this.#waiting = this.#waiting.slice(deliveries.length);
        recorded.inc({ result }, deliveries.length);
      }
      this.#troubled = false;
    } catch (error) {
      // Once, because it is tried again every second.
      if (!this.#troubled)
        logger.warn(
          { err: error, deliveries: this.#waiting.length },
          'could not record deliveries; trying again every second',
        );
      this.#troubled = true;
    }
  }

  /** What Postgres will never take is given up, or it would keep all else from being written. */
  async #writeBatch(
    deliveries: readonly Recorded[],
  ): Promise<'recorded' | 'dropped'> {
    const { con, logger } = this.#options;
    try {
      await writeDeliveries(con, deliveries);
      return 'recorded';
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'string' || !refused.test(code)) throw error;
      logger.warn(
        { code, deliveries: deliveries.length },
        'deliveries were not recorded because the database refuses their data',
      );
      return 'dropped';
    }
  }
}
