import type { DataSource } from 'typeorm';

import { createDataSource } from '../data-source.ts';
import { writeDeadLetter } from '../dead-letters/desk.ts';
import type { OutgoingMessage } from './outgoing-message.ts';

/** Writes what the broker refuses for good to the dead letters. Connects on first use. */
export class CaptureDesk {
  #dataSource: Promise<DataSource> | undefined;

  constructor(
    readonly databaseUrl: string,
    readonly slot: string,
  ) {}

  /** @throws the driver's error; the message is then still the caller's. */
  async bury(message: OutgoingMessage, error: Error): Promise<void> {
    const { manager } = await this.#connect();
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
    this.#dataSource ??= createDataSource({
      url: this.databaseUrl,
      poolSize: 2,
      applicationName: 'nightshift cdc desk',
    }).initialize();
    try {
      return await this.#dataSource;
    } catch (error) {
      this.#dataSource = undefined;
      throw error;
    }
  }
}
