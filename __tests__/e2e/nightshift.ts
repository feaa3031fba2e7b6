import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { scratchDirectory } from '../setup/scratch-directory.ts';

const run = promisify(execFile);

/** A line of a process's log. */
export type LogLine = Readonly<Record<string, unknown>> & {
  readonly msg: string;
};

/** A `nightshift` process as a terminal would have it: in a process group of its own. */
export interface NightshiftProcess {
  readonly pid: number;
  /** Its exit code, or the name of the signal that ended it. Rejects if it takes too long. */
  end(): Promise<number | string>;
  /** The first line with this message, also one of the past. Rejects if the process ends without it. */
  logged(message: string): Promise<LogLine>;
  /** Everything it wrote that is no log line. */
  printed(): string;
  /** What Ctrl-C does: the signal goes to the whole group. */
  interrupt(): void;
  kill(signal: NodeJS.Signals): void;
}

/** Milliseconds that anything awaited of a process may take: what hangs says what it printed. */
const patience = 100_000;

const parsed = (line: string): LogLine | undefined => {
  try {
    const entry = JSON.parse(line) as LogLine;
    return 'msg' in entry ? entry : undefined;
  } catch {
    return undefined;
  }
};

/** One directory of state, and the processes on it. */
export class Machine {
  readonly #processes: ChildProcess[] = [];
  readonly #pids = new Set<number>();

  private constructor(
    readonly home: string,
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  /** @param environment of every process, beside what all need. */
  static async prepare(environment: NodeJS.ProcessEnv = {}): Promise<Machine> {
    const home = await mkdtemp(
      join(await scratchDirectory(), 'nightshift-e2e-'),
    );
    // Started by root, Postgres runs as another account, which has to get in.
    await chmod(home, 0o755);
    return new Machine(home, environment);
  }

  /** Starts `nightshift` with ports of the system's choice. */
  start(...args: readonly string[]): NightshiftProcess {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx/esm', 'bin/cli.ts', ...args],
      {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
          NIGHTSHIFT_HOME: this.home,
          PORT: '0',
          HEALTH_PORT: '0',
          ...this.environment,
        },
      },
    );
    this.#processes.push(child);
    const lines: LogLine[] = [];
    let text = '';
    const waiting = new Set<() => void>();
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        const entry = parsed(line);
        if (entry) lines.push(entry);
        else text += `${line}\n`;
        for (const look of waiting) look();
      });
    const name = `nightshift ${args.join(' ')}`;
    const said = (): string =>
      [...lines.map((line) => JSON.stringify(line)), text]
        .slice(-30)
        .join('\n');
    const inTime = async <Result>(
      awaited: Promise<Result>,
      what: string,
    ): Promise<Result> => {
      const impatience = new AbortController();
      const tooLate = delay(patience, undefined, {
        ref: false,
        signal: impatience.signal,
      }).then(() => {
        throw new Error(
          `expected ${what} of ${name} within ${patience / 1_000} s; it printed:\n${said()}`,
        );
      });
      try {
        return await Promise.race([awaited, tooLate]);
      } finally {
        impatience.abort();
        tooLate.catch(() => undefined);
      }
    };
    const ended = once(child, 'close').then(
      ([code, signal]) => (code ?? signal) as number | string,
    );
    const logged = (message: string): Promise<LogLine> =>
      inTime(
        new Promise((resolve, reject) => {
          const look = (): void => {
            const line = lines.find(({ msg }) => msg === message);
            if (!line) return;
            waiting.delete(look);
            resolve(line);
          };
          waiting.add(look);
          look();
          void ended.then((code) => {
            reject(
              new Error(
                `expected "${message}", but ${name} ended with ${code}:\n${said()}`,
              ),
            );
          });
        }),
        `"${message}"`,
      );
    const pid = child.pid!;
    return {
      pid,
      end: () => inTime(ended, 'the end'),
      logged,
      printed: () => text,
      interrupt: () => void process.kill(-pid, 'SIGINT'),
      kill: (signal) => void child.kill(signal),
    };
  }

  /** Runs a command to its end and gives back what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    const command = this.start(...args);
    const code = await command.end();
    if (code === 0) return command.printed();
    throw new Error(`nightshift ${args.join(' ')} ended with ${code}`);
  }

  /** The processes of the stack now: its own and Postgres. */
  async stackPids(): Promise<{ stack: number; postgres: number }> {
    const state = await readFile(join(this.home, 'stack.json'), 'utf8');
    const postmaster = await readFile(
      join(this.home, 'postgres', 'postmaster.pid'),
      'utf8',
    );
    const pids = {
      stack: (JSON.parse(state) as { pid: number }).pid,
      postgres: Number(postmaster.split('\n')[0]),
    };
    this.#pids.add(pids.stack).add(pids.postgres);
    return pids;
  }

  /** Kills the shell that would stop Postgres in time when its owner is gone. */
  async killGuard(postgres: number): Promise<void> {
    const { stdout } = await run('ps', [
      '-o',
      'pid=,comm=',
      '-g',
      String(postgres),
    ]);
    for (const line of stdout.trim().split('\n')) {
      const [pid, name] = line.trim().split(/\s+/);
      if (name === 'sh') process.kill(Number(pid), 'SIGKILL');
    }
  }

  /** Ends whatever a failed test left, and removes the directory. */
  async remove(): Promise<void> {
    await this.stackPids().catch(() => undefined);
    for (const child of this.#processes)
      if (child.exitCode === null && child.signalCode === null)
        child.kill('SIGKILL');
    for (const pid of this.#pids)
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await until(() => [...this.#pids].every((pid) => !isAlive(pid)));
    await rm(this.home, { recursive: true, force: true });
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/**
 * Asks again until the answer is true: what other processes did gives no signal to this one.
 *
 * @param left says what is still missing if it takes too long
 * @param seconds how long it may take; messages of a killed process come again after their lease of 60 s
 * @throws Error with what is left
 */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  left: () => string = () => condition.toString(),
  seconds = 150,
): Promise<void> => {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`still waiting after ${seconds} s for ${left()}`);
    await delay(20);
  }
};
