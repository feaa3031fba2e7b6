import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { ServerStatistics } from '../../src/pubsub-server/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How long a start may take on a busy machine, in milliseconds. */
const START_LIMIT = 30_000;

/** How much of what the process said is kept for an error text, in characters. */
const OUTPUT_KEPT = 4_000;

/** The local Pub/Sub server as people start it, in a process of its own. */
export class ServerProcess {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';

  private constructor(port: number, data: string | undefined) {
    this.address = `127.0.0.1:${port}`;
    this.#child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', 'bin/cli.ts', 'pubsub', '--port', String(port)],
        ...(data === undefined ? [] : ['--data', data]),
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#exited = once(this.#child, 'exit');
    for (const output of [this.#child.stdout, this.#child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
      });
  }

  /** @param data directory of its state; in memory only without one */
  static launch(port: number, data?: string): ServerProcess {
    return new ServerProcess(port, data);
  }

  /**
   * Waits until it answers.
   *
   * @throws when it does not in time, with what it said
   */
  async ready(): Promise<this> {
    const limit = performance.now() + START_LIMIT;
    while (!(await this.#answers())) {
      if (!this.#running || performance.now() > limit) {
        await this.kill();
        throw new Error(
          `expected a server on ${this.address}, got:\n${this.#output}`,
        );
      }
      await delay(20);
    }
    return this;
  }

  async statistics(): Promise<ServerStatistics> {
    const response = await fetch(`http://${this.address}/stats`);
    return (await response.json()) as ServerStatistics;
  }

  /** kill -9, of this process alone; settles when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#running) await this.#exited;
  }

  get #running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`http://${this.address}/healthz`)).ok;
    } catch {
      return false;
    }
  }
}
