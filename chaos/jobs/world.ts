import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import type { NewJob } from '../../src/jobs/port.ts';
import { queueOf } from '../../src/jobs/queue.ts';
import { enqueue } from '../../src/jobs/store/enqueue.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { newJob } from './new-job.ts';
import { registry, tables } from './registry.ts';

/** Rows written by one statement. */
const batch = 5_000;

/** A database of its own, and the processes that work on it. */
export class World implements AsyncDisposable {
  readonly #processes = new Set<ChildProcess>();

  private constructor(
    readonly con: DataSource,
    readonly url: string,
    readonly directory: string,
    readonly postgres: PostgresServer,
  ) {}

  static async begin(): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'nightshift-chaos-jobs-'));
    const postgres = await startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      settings: ['max_connections=300'],
    });
    const url = `postgres://postgres@127.0.0.1:${postgres.port}/chaos`;
    await migrate({ url, createDatabase: true });
    const con = await createDataSource({
      url,
      poolSize: 10,
      applicationName: 'nightshift chaos',
    }).initialize();
    for (const table of tables) await con.query(table);
    return new World(con, url, directory, postgres);
  }

  /** Starts a process that serves queues, with commas between them, and waits until it does. */
  async start(queues: string, leaseSeconds = 10): Promise<ChildProcess> {
    const child = fork(
      new URL('./process.ts', import.meta.url),
      [this.url, queues, String(leaseSeconds)],
      {
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, LOG_LEVEL: 'error' },
      },
    );
    this.#processes.add(child);
    await once(child, 'message');
    return child;
  }

  /** Lets a process drain. */
  async stop(child: ChildProcess): Promise<void> {
    this.#processes.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    if (child.connected) child.disconnect();
    await exit;
  }

  async create(
    name: string,
    queue: string,
    jobs: readonly Partial<NewJob>[],
  ): Promise<void> {
    const definition = queueOf(registry.queues[queue] ?? {});
    for (let from = 0; from < jobs.length; from += batch)
      await enqueue(
        this.con.manager,
        jobs
          .slice(from, from + batch)
          .map((job) => newJob(name, queue, definition, job)),
      );
  }

  /** One number that a query gives. */
  async count(sql: string, ...parameters: unknown[]): Promise<number> {
    const [row] = await this.con.query<Record<string, unknown>[]>(
      sql,
      parameters,
    );
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes].map((child) => this.stop(child)));
    await this.con.destroy();
    await this.postgres.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
