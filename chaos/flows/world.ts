import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DataSource } from 'typeorm';

import { createDataSource } from '../../src/data-source.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { migrate } from '../../src/schema/migrate.ts';
import { tables } from './flows.ts';

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
    const directory = await mkdtemp(join(tmpdir(), 'nightshift-chaos-flows-'));
    const postgres = await startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      settings: ['max_connections=300'],
    });
    const url = `postgres://postgres@127.0.0.1:${postgres.port}/chaos`;
    await migrate({ url, createDatabase: true });
    const con = await createDataSource({ url, poolSize: 5 }).initialize();
    for (const table of tables) await con.query(table);
    return new World(con, url, directory, postgres);
  }

  get processes(): readonly ChildProcess[] {
    return [...this.#processes];
  }

  /** Starts a process, and waits until it works. */
  async start(): Promise<void> {
    const child = fork(new URL('./process.ts', import.meta.url), [this.url], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, LOG_LEVEL: 'error' },
    });
    this.#processes.add(child);
    await once(child, 'message');
  }

  /** `kill -9` */
  async kill(child: ChildProcess): Promise<void> {
    this.#processes.delete(child);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Lets every process drain. */
  async stopAll(): Promise<void> {
    await Promise.all(
      this.processes.map(async (child) => {
        this.#processes.delete(child);
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exit = once(child, 'exit');
        if (child.connected) child.disconnect();
        await exit;
      }),
    );
  }

  async count(sql: string): Promise<number> {
    const [row] = await this.con.query<Record<string, string>[]>(sql);
    return Number(Object.values(row ?? { count: '0' })[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.processes) await this.kill(child);
    await this.con.destroy();
    await this.postgres.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
