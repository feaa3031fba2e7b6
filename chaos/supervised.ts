import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** How long a process may take to end by itself before it is killed, in milliseconds. */
const END_LIMIT = 60_000;

/** What a supervisor waits before it starts a process that has ended, in milliseconds. */
const RESTART_PAUSE = 200;

export interface Program {
  readonly name: string;
  /** Arguments for Node. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** File that its output is appended to. */
  readonly log: string;
}

/** A process that is started again whenever it ends, as a cluster would. */
export class Supervised {
  readonly #program: Program;
  #child: ChildProcess | undefined;
  #ended = false;
  #running: Promise<void> = Promise.resolve();
  /** How often it was started. */
  starts = 0;

  constructor(program: Program) {
    this.#program = program;
  }

  get name(): string {
    return this.#program.name;
  }

  /** Of the process of this moment. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  /** Sends a signal to the process of this moment, if there is one. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Asks it to end, for good; kills it if it does not. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#child?.kill('SIGCONT');
    this.#child?.kill('SIGTERM');
    const limit = new AbortController();
    const overdue = delay(END_LIMIT, undefined, { signal: limit.signal }).then(
      () => this.#child?.kill('SIGKILL'),
      () => undefined,
    );
    await this.#running;
    limit.abort();
    await overdue;
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const log = openSync(this.#program.log, 'a');
      this.#child = spawn(process.execPath, this.#program.arguments, {
        cwd: root,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...this.#program.environment },
      });
      closeSync(log);
      this.starts += 1;
      await once(this.#child, 'exit');
      this.#child = undefined;
      if (!this.#ended) await delay(RESTART_PAUSE);
    }
  }
}
