import type { StoredMessage } from '../message.ts';
import { Entry, type EntryKey } from './entry.ts';

/** How many messages in a row share one array. */
const CHUNK_LENGTH = 256;

class Chunk {
  readonly number: number;
  readonly slots: (Entry | StoredMessage | undefined)[] = [];
  filled = 0;
  /** No slot before this one is filled. */
  first = 0;
  older: Chunk | undefined;
  newer: Chunk | undefined = undefined;

  constructor(number: number, older: Chunk | undefined) {
    this.number = number;
    this.older = older;
  }
}

/**
 * The messages a subscription holds, in publish order, each found by its sequence: an entry for
 * one that is not acknowledged, the bare message for one that is and was retained. Every
 * operation takes constant time, and a message that stays for long costs no room for those
 * that came and went after it.
 */
export class RetainedMessages {
  readonly #chunks = new Map<number, Chunk>();
  #oldest: Chunk | undefined = undefined;
  #newest: Chunk | undefined = undefined;
  #sequence = 0;
  #unacknowledged = 0;

  /** How many are not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  add(message: StoredMessage, key: EntryKey | undefined): Entry {
    const entry = new Entry(this.#sequence + 1, message, key);
    this.#append(entry);
    this.#unacknowledged += 1;
    return entry;
  }

  addAcknowledged(message: StoredMessage): void {
    this.#append(message);
  }

  /** A message that is not acknowledged. */
  get(sequence: number): Entry | undefined {
    const slot = this.#chunks.get(Math.floor(sequence / CHUNK_LENGTH))?.slots[
      sequence % CHUNK_LENGTH
    ];
    return slot instanceof Entry ? slot : undefined;
  }

  /** The entry ends; its message is retained on request. */
  acknowledge({ sequence, message }: Entry, retain: boolean): void {
    const chunk = this.#chunks.get(Math.floor(sequence / CHUNK_LENGTH));
    if (chunk === undefined) return;
    this.#unacknowledged -= 1;
    if (retain) chunk.slots[sequence % CHUNK_LENGTH] = message;
    else this.#empty(chunk, sequence % CHUNK_LENGTH);
  }

  /** The first in publish order. */
  oldest(): Entry | StoredMessage | undefined {
    const chunk = this.#oldest;
    if (chunk === undefined || chunk.filled === 0) return undefined;
    while (chunk.slots[chunk.first] === undefined) chunk.first += 1;
    return chunk.slots[chunk.first];
  }

  /** Forgets the first in publish order. */
  removeOldest(): void {
    const oldest = this.oldest();
    if (oldest === undefined || this.#oldest === undefined) return;
    if (oldest instanceof Entry) this.#unacknowledged -= 1;
    this.#empty(this.#oldest, this.#oldest.first);
  }

  forgetAcknowledged(): void {
    for (const chunk of this.#chunks.values())
      for (const [index, slot] of chunk.slots.entries())
        if (slot !== undefined && !(slot instanceof Entry))
          this.#empty(chunk, index);
  }

  clear(): void {
    this.#chunks.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
    this.#unacknowledged = 0;
  }

  *entries(): Generator<Entry> {
    for (let chunk = this.#oldest; chunk; chunk = chunk.newer)
      for (const slot of chunk.slots) if (slot instanceof Entry) yield slot;
  }

  /** Acknowledged or not. */
  *messages(): Generator<StoredMessage> {
    for (let chunk = this.#oldest; chunk; chunk = chunk.newer)
      for (const slot of chunk.slots)
        if (slot !== undefined)
          yield slot instanceof Entry ? slot.message : slot;
  }

  #append(slot: Entry | StoredMessage): void {
    this.#sequence += 1;
    const number = Math.floor(this.#sequence / CHUNK_LENGTH);
    const index = this.#sequence % CHUNK_LENGTH;
    let chunk = this.#newest;
    if (chunk?.number !== number) chunk = this.#begin(number);
    while (chunk.slots.length < index) chunk.slots.push(undefined);
    chunk.slots.push(slot);
    chunk.filled += 1;
  }

  #begin(number: number): Chunk {
    const last = this.#newest;
    const chunk = new Chunk(number, last);
    if (last === undefined) this.#oldest = chunk;
    else last.newer = chunk;
    this.#newest = chunk;
    this.#chunks.set(number, chunk);
    if (last?.filled === 0) this.#remove(last);
    return chunk;
  }

  /** The newest chunk stays: its other slots are still to be filled. */
  #empty(chunk: Chunk, index: number): void {
    chunk.slots[index] = undefined;
    chunk.filled -= 1;
    if (chunk.filled === 0 && chunk !== this.#newest) this.#remove(chunk);
  }

  #remove(chunk: Chunk): void {
    this.#chunks.delete(chunk.number);
    if (chunk.older === undefined) this.#oldest = chunk.newer;
    else chunk.older.newer = chunk.newer;
    if (chunk.newer === undefined) this.#newest = chunk.older;
    else chunk.newer.older = chunk.older;
  }
}
