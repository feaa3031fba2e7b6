import type { DataSource } from 'typeorm';

import type { OutgoingMessage } from './outgoing-message.ts';

/**
 * Writes what the broker refuses for good to the dead letters. Connects on first use, and only then loads
 * what it needs for that: a quarter of the memory of a streamer, most of which never have anything to bury.
 */
export class CaptureDesk {
  #dataSource: Promise<DataSource> | undefined;

  constructor(
    readonly databaseUrl: string,
    readonly slot: string,
  ) {}

  /** @throws the driver's error; the message is then still the caller's. */
  async bury(message: OutgoingMessage, error: Error): Promise<void> {
    const { manager } = await this.#connect();
    const { writeDeadLetter } = await import('../dead-letters/desk.ts');
    await writeDeadLetter(manager, {
      source: message.source,
      subscription: this.slot,
      topic: message.topic,
      identity: message.identity,
      eventId: message.identity,
      messageId: message.identity,
      orderingKey: message.orderingKey,
      payload: message.data,
      attributes: message.attributes,
      error,
      attempts: 1,
    });
  }

  async close(): Promise<void> {
    const dataSource = await this.#dataSource?.catch(() => undefined);
    this.#dataSource = undefined;
    await dataSource?.destroy();
  }

  async #connect(): Promise<DataSource> {
    this.#dataSource ??= this.#open();
    try {
      return await this.#dataSource;
    } catch (error) {
      this.#dataSource = undefined;
      throw error;
    }
  }

  async #open(): Promise<DataSource> {
    const { createDataSource } = await import('../data-source.ts');
    return createDataSource({
      url: this.databaseUrl,
      poolSize: 2,
      applicationName: 'nightshift cdc desk',
    }).initialize();
  }
}
