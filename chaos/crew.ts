import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

import type { DataSource } from 'typeorm';

import { ScratchPostgres } from '../bench/scratch-postgres.ts';
import { createDataSource } from '../src/data-source.ts';

const ended = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

export interface CrewOptions {
  /** What it is for. */
  readonly name: string;
  /** The module of each process: told the database's URL, it says when it works, and drains when it is let go of. */
  readonly program: URL;
  /** Statements that make what the proof counts in. */
  readonly tables: readonly string[];
}

/** A database of its own, and processes that work on it and may be killed. */
export class Crew implements AsyncDisposable {
  readonly #postgres: ScratchPostgres;
  readonly #program: URL;
  readonly #processes = new Set<ChildProcess>();

  private constructor(
    postgres: ScratchPostgres,
    program: URL,
    /** Of the load and of the proof. */
    readonly con: DataSource,
  ) {
    this.#postgres = postgres;
    this.#program = program;
  }

  static async begin({ name, program, tables }: CrewOptions): Promise<Crew> {
    const postgres = await ScratchPostgres.start(name, {
      settings: ['max_connections=300'],
      slot: true,
    });
    const con = await createDataSource({
      url: postgres.url,
      poolSize: 10,
      applicationName: 'nightshift chaos',
    }).initialize();
    for (const table of tables) await con.query(table);
    return new Crew(postgres, program, con);
  }

  get url(): string {
    return this.#postgres.url;
  }

  get processes(): readonly ChildProcess[] {
    return [...this.#processes];
  }

  /** Starts a process, and waits until it works. */
  async start(...told: readonly string[]): Promise<ChildProcess> {
    const child = fork(this.#program, [this.url, ...told], {
      execArgv: ['--import', 'tsx/esm'],
      env: { ...process.env, LOG_LEVEL: 'error' },
    });
    this.#processes.add(child);
    await once(child, 'message');
    return child;
  }

  /** `kill -9` */
  async kill(child: ChildProcess): Promise<void> {
    this.#processes.delete(child);
    if (ended(child)) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Lets a process drain. */
  async stop(child: ChildProcess): Promise<void> {
    this.#processes.delete(child);
    if (ended(child)) return;
    const exit = once(child, 'exit');
    if (child.connected) child.disconnect();
    await exit;
  }

  /** Lets every process drain. */
  async stopAll(): Promise<void> {
    await Promise.all(this.processes.map((child) => this.stop(child)));
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
    await Promise.all(this.processes.map((child) => this.kill(child)));
    await this.con.destroy();
    await this.#postgres[Symbol.asyncDispose]();
  }
}
