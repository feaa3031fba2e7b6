import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';

import { StorageRefusedError } from './errors.ts';
import {
  type BatchRow,
  type HolderRow,
  type Job,
  NUMBERS_A_BATCH,
  type PolicyRow,
  type PublishedBatches,
  type StoredResources,
  type TopicRow,
} from './job.ts';
import { type StatementName, STATEMENTS } from './schema.ts';

/** Requests are read together until they have about this many bytes. */
const READ_BYTES = 4 * 1024 * 1024;

/** How much the file shrinks at once: 16 MB. */
const SHRINK_PAGES = 1024;

type Row = Record<string, unknown>;

/** Reads and writes an open database; a job is one transaction, on disk when {@link write} returns. */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #insertBatch: StatementSync;
  readonly #statements = new Map<StatementName, StatementSync>();

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    this.#insertBatch = database.prepare(
      'insert into batch (first_id, count, topic, publish_time, checksum, request) values (?, ?, ?, ?, ?, ?)',
    );
    for (const [name, sql] of Object.entries(STATEMENTS))
      this.#statements.set(name as StatementName, database.prepare(sql));
  }

  /** @throws the error of SQLite; nothing of the job is written then. */
  write({ batches, operations }: Job): void {
    this.#database.exec('begin immediate');
    try {
      if (batches !== undefined) this.#insert(batches);
      let deleted = false;
      for (const [name, ...values] of operations) {
        this.#statements.get(name)?.run(...values);
        deleted ||= name === 'deleteBatches';
      }
      if (deleted) this.#shrink();
      this.#database.exec('commit');
    } catch (error) {
      // A full disk may have rolled it back already.
      if (this.#database.isTransaction) this.#database.exec('rollback');
      throw error;
    }
  }

  readResources(): StoredResources {
    return {
      topics: this.#all(
        'select key, name, resource, keeps_from as keepsFrom from topic order by key',
      ) as unknown as TopicRow[],
      holders: this.#all(
        `select key, kind, name, topic, resource, base_id as baseId, held_ids as heldIds,
           retains_from as retainsFrom from holder order by key`,
      ).map(
        (row) =>
          ({
            ...row,
            finished: this.#numbers(
              'select first_id, last_id from finished where holder = ? order by first_id',
              row.key as number,
            ),
            failures: this.#numbers(
              'select message_id, deliveries, failures from failure where holder = ? order by message_id',
              row.key as number,
            ),
          }) as unknown as HolderRow,
      ),
      policies: this.#all(
        'select resource, policy from policy',
      ) as unknown as PolicyRow[],
      nextMessageId: this.#nextMessageId(),
    };
  }

  /**
   * The batches after an id, some of them, in the order of their ids; none after the last.
   *
   * @throws StorageRefusedError
   */
  readBatches(afterId: number): BatchRow[] {
    const batches: BatchRow[] = [];
    let bytes = 0;
    for (const row of this.#database
      .prepare(
        `select first_id as firstId, count, topic, publish_time as publishTime, checksum, request
           from batch where first_id > ? order by first_id`,
      )
      .iterate(afterId)) {
      const { checksum, ...batch } = row as unknown as BatchRow & {
        checksum: number;
      };
      if (crc32(batch.request) !== checksum)
        throw new StorageRefusedError(
          this.#file,
          `it is damaged (message ${batch.firstId} is not as it was written)`,
        );
      batches.push(batch);
      bytes += batch.request.length;
      if (bytes >= READ_BYTES) break;
    }
    return batches;
  }

  #insert({ numbers, requests }: PublishedBatches): void {
    let offset = 0;
    for (let index = 0; index < numbers.length; index += NUMBERS_A_BATCH) {
      const [firstId = 0, count = 0, topic = 0, publishTime = 0, length = 0] =
        numbers.subarray(index, index + NUMBERS_A_BATCH);
      const request = requests.subarray(offset, offset + length);
      offset += length;
      this.#insertBatch.run(
        firstId,
        count,
        topic,
        publishTime,
        crc32(request),
        request,
      );
    }
  }

  /** Free pages are for what comes next; what is far more than that goes back to the file system. */
  #shrink(): void {
    const { free, pages } = this.#database
      .prepare(
        'select freelist_count as free, page_count as pages from pragma_freelist_count, pragma_page_count',
      )
      .get() as { free: number; pages: number };
    if (free > SHRINK_PAGES && free > pages / 2)
      this.#database.exec(`pragma incremental_vacuum(${SHRINK_PAGES})`);
  }

  #nextMessageId(): number {
    const { id } = this.#database
      .prepare(
        `select max(
           (select next_message_id from progress),
           coalesce((select first_id + count from batch order by first_id desc limit 1), 0),
           coalesce((select max(base_id) from holder), 0)
         ) as id`,
      )
      .get() as { id: number };
    return id;
  }

  #all(sql: string): Row[] {
    return this.#database.prepare(sql).all();
  }

  #numbers(sql: string, holder: number): Float64Array {
    const numbers: number[] = [];
    for (const row of this.#database.prepare(sql).iterate(holder))
      numbers.push(...(Object.values(row) as number[]));
    return Float64Array.from(numbers);
  }
}
