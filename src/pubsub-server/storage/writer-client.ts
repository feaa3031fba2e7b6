import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { DATABASE_FILE } from './database.ts';
import {
  StorageInUseError,
  StorageRefusedError,
  StorageUnavailableError,
} from './errors.ts';
import type {
  BatchRow,
  Job,
  Request,
  Response,
  StoredResources,
  WriterOptions,
} from './job.ts';

/** Talks to the thread that owns a database. Requests are answered in their order. */
export class WriterClient {
  readonly directory: string;
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<Response>[] = [];
  #ended: Error | undefined;

  private constructor(directory: string) {
    this.directory = directory;
    const workerData: WriterOptions = { directory, file: this.file };
    this.#worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData,
      // Node strips the types itself; a loader of this process would only take its time.
      execArgv: [],
    });
    this.#waiting.push(Promise.withResolvers());
    this.#worker.on('message', (response: Response) =>
      this.#waiting.shift()?.resolve(response),
    );
    this.#worker.on('error', (error) => {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on('exit', () => {
      this.#end(new Error('the thread that writes has ended'));
    });
  }

  /**
   * @returns a client, and what is on disk but for the messages
   * @throws StorageInUseError, StorageRefusedError, StorageUnavailableError
   */
  static async open(
    directory: string,
  ): Promise<readonly [WriterClient, StoredResources]> {
    const client = new WriterClient(directory);
    const opened = await client.#answer();
    if (opened.kind !== 'opened') throw client.#refusal(opened);
    return [client, opened.resources];
  }

  /** The database. */
  get file(): string {
    return join(this.directory, DATABASE_FILE);
  }

  /**
   * Every batch, in the order of the ids, a few megabytes at a time.
   *
   * @throws StorageRefusedError
   */
  async *readBatches(): AsyncGenerator<readonly BatchRow[]> {
    for (let afterId = -1; ;) {
      const response = await this.#ask({ kind: 'read', afterId });
      if (response.kind !== 'batches') throw this.#refusal(response);
      const last = response.batches.at(-1);
      if (last === undefined) return;
      yield response.batches;
      afterId = last.firstId;
    }
  }

  /** @returns why it could not be written, if it could not */
  async write(job: Job): Promise<string | undefined> {
    return this.#written(
      { kind: 'write', job },
      job.batches === undefined
        ? []
        : [job.batches.numbers.buffer, job.batches.requests.buffer],
    );
  }

  /** Writes the job that failed once more. */
  async retry(): Promise<string | undefined> {
    return this.#written({ kind: 'retry' });
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    await this.#ask({ kind: 'close' });
    await ended;
  }

  async #written(
    request: Request,
    transfer: ArrayBuffer[] = [],
  ): Promise<string | undefined> {
    try {
      const response = await this.#ask(request, transfer);
      if (response.kind === 'written') return undefined;
      return response.kind === 'failed'
        ? response.reason
        : this.#refusal(response).message;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #ask(request: Request, transfer: ArrayBuffer[] = []): Promise<Response> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#worker.postMessage(request, transfer);
    this.#waiting.push(Promise.withResolvers());
    return this.#answer();
  }

  #answer(): Promise<Response> {
    return this.#waiting.at(-1)?.promise ?? Promise.reject(this.#ended!);
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }

  #refusal(response: Response): Error {
    if (response.kind !== 'refused')
      return new Error(`unexpected answer of the writer: ${response.kind}`);
    switch (response.refusal) {
      case 'in-use':
        return new StorageInUseError(this.directory, response.pid);
      case 'damaged':
        return new StorageRefusedError(this.file, response.reason);
      case 'unavailable':
        return new StorageUnavailableError(this.directory, response.reason);
    }
  }
}
