import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { Run } from './dispatcher.ts';
import type { Command, Report, Task } from './worker-process.ts';

/** Two processes that work on one database. */
export interface Crew {
  /** What has run and is settled, in no order. */
  readonly runs: readonly Run[];
  start(): void;
  /** @returns whether the condition came true within the limit. */
  until(condition: () => boolean, limitSeconds: number): Promise<boolean>;
  /** Lets them finish what they run. @returns how long each claim took, in milliseconds. */
  stop(): Promise<readonly number[]>;
  /** Ends them at once, if they still run. */
  kill(): Promise<void>;
}

const PROCESSES = 2;

const gone = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null;

/** Resolves when both processes listen for notifications. */
export const startCrew = async (task: Task): Promise<Crew> => {
  const runs: Run[] = [];
  const claims: number[] = [];
  const stopped: Promise<void>[] = [];
  const listening: Promise<void>[] = [];
  let failure: Error | undefined;
  const children = Array.from({ length: PROCESSES }, () => {
    const child = fork(new URL('./worker-process.ts', import.meta.url), {
      execArgv: ['--import', 'tsx'],
    });
    const heard = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    done.promise.catch(() => undefined);
    listening.push(heard.promise);
    stopped.push(done.promise);
    child.on('message', (report: Report) => {
      if (report.kind === 'listening') heard.resolve();
      else if (report.kind === 'runs') runs.push(...report.runs);
      else {
        claims.push(...report.claims);
        done.resolve();
      }
    });
    child.once('exit', (code) => {
      if (code === 0) return;
      failure = new Error(
        `expected a process of ${task.candidate} to go on, but it ended with ${String(code)}`,
      );
      heard.reject(failure);
      done.reject(failure);
    });
    child.send(task);
    return child;
  });
  const tell = (command: Command) => {
    for (const child of children) child.send(command);
  };
  const kill = async () => {
    await Promise.all(
      children
        .filter((child) => !gone(child))
        .map(async (child) => {
          const exit = once(child, 'exit');
          child.kill('SIGKILL');
          await exit;
        }),
    );
  };
  try {
    await Promise.all(listening);
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    runs,
    start: () => tell('start'),
    until: async (condition, limitSeconds) => {
      const limit = performance.now() + limitSeconds * 1_000;
      while (!condition()) {
        if (failure) throw failure;
        if (performance.now() > limit) return false;
        await delay(20);
      }
      return true;
    },
    stop: async () => {
      tell('stop');
      await Promise.race([
        Promise.all(stopped),
        delay(10_000, undefined, { ref: false }).then(() => {
          throw new Error(
            `expected the processes of ${task.candidate} to stop within 10 s`,
          );
        }),
      ]);
      return claims;
    },
    kill,
  };
};

/** The most runs of one tenant that overlapped, by their beginnings and ends. */
export const mostAtOnce = (runs: readonly Run[]): number => {
  const events = runs.flatMap(({ tenant, started, ended }) => [
    { tenant, at: started, change: 1 },
    { tenant, at: ended, change: -1 },
  ]);
  events.sort(
    (left, right) => left.at - right.at || left.change - right.change,
  );
  const running = new Map<string, number>();
  let most = 0;
  for (const { tenant, change } of events) {
    const count = (running.get(tenant) ?? 0) + change;
    running.set(tenant, count);
    most = Math.max(most, count);
  }
  return most;
};
