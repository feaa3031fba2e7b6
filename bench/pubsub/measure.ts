import { fork } from 'node:child_process';
import { once } from 'node:events';

import { type Contender, startServer } from './servers.ts';
import type { Phase, Progress, Task } from './task.ts';

/** What one phase cost. */
export interface Measured {
  readonly seconds: number;
  readonly messages: number;
  readonly serverCpuSeconds: number;
  readonly clientCpuSeconds: number;
  /** Resident memory of the server before and after. */
  readonly residentBytes: readonly [before: number, after: number];
  readonly latencies: readonly number[];
}

export type Run = Partial<Record<Phase, Measured>>;

/**
 * Runs a task with a new server and a new client, each in a process of its own.
 *
 * @throws if it takes longer than the limit.
 */
export const measure = async (
  contender: Contender,
  task: Omit<Task, 'address'>,
  limitSeconds: number,
): Promise<Run> => {
  const server = await startServer(contender);
  const client = fork(new URL('./client.ts', import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
  });
  const run: Run = {};
  let before = { cpu: 0, resident: 0 };
  const look = async () => ({
    cpu: await server.cpuSeconds(),
    resident: await server.residentBytes(),
  });
  const follow = async (progress: Progress): Promise<void> => {
    const at = await look();
    if (progress.kind === 'begin') before = at;
    else
      run[progress.phase] = {
        seconds: progress.seconds,
        messages: progress.messages,
        serverCpuSeconds: at.cpu - before.cpu,
        clientCpuSeconds: progress.cpuSeconds,
        residentBytes: [before.resident, at.resident],
        latencies: progress.latencies,
      };
    client.send('go on');
  };
  const failed = Promise.withResolvers<never>();
  client.on('message', (progress: Progress) => {
    follow(progress).catch(failed.reject);
  });
  const timer = setTimeout(() => {
    failed.reject(
      new Error(`expected ${contender} to be through in ${limitSeconds} s`),
    );
  }, limitSeconds * 1_000);
  try {
    client.send({ ...task, address: server.address } satisfies Task);
    const exit = once(client, 'exit') as Promise<[number | null]>;
    const [code] = await Promise.race([exit, failed.promise]);
    if (code !== 0)
      throw new Error(`the client of ${contender} ended with ${String(code)}`);
    return run;
  } finally {
    clearTimeout(timer);
    client.kill('SIGKILL');
    await server.stop();
  }
};
