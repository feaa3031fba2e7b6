import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import type { Report, Task } from './subscriber.ts';

const start = (file: string): ChildProcess =>
  fork(new URL(file, import.meta.url), {
    execArgv: ['--import', 'tsx'],
    env: {
      ...process.env,
      METADATA_SERVER_DETECTION: 'none',
      LOG_LEVEL: 'info',
    },
  });

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exit;
  clearTimeout(timer);
};

export interface ServerProcess {
  readonly address: string;
  stop(): Promise<void>;
}

/** The local server in a process of its own. */
export const startServer = async (): Promise<ServerProcess> => {
  const child = start('./server.ts');
  const [{ address }] = (await once(child, 'message')) as [{ address: string }];
  return { address, stop: () => stop(child) };
};

const backlogOf = async (address: string, subscription: string) => {
  const answer = await fetch(`http://${address}/stats`);
  const { subscriptions } = (await answer.json()) as {
    subscriptions: { name: string; backlog: number }[];
  };
  return subscriptions.find(({ name }) => name.endsWith(`/${subscription}`))
    ?.backlog;
};

/**
 * Runs one contender in a process of its own until every message is received and acked.
 *
 * @param subscribed called when it has subscribed.
 * @throws if that takes longer than the limit.
 */
export const measure = async (
  task: Task,
  limitSeconds: number,
  subscribed: () => Promise<void> = () => Promise.resolve(),
): Promise<Report> => {
  const child = start('./subscriber.ts');
  const reports = new Map<Report['kind'], PromiseWithResolvers<Report>>();
  const reported = (kind: Report['kind']) => {
    const known = reports.get(kind) ?? Promise.withResolvers<Report>();
    reports.set(kind, known);
    return known;
  };
  child.on('message', (report: Report) => {
    reported(report.kind).resolve(report);
  });
  const limit = new AbortController();
  const run = async (): Promise<Report> => {
    child.send(task);
    await reported('subscribed').promise;
    await subscribed();
    await reported('complete').promise;
    // Only an empty backlog says that nothing will come twice any more.
    while (
      !limit.signal.aborted &&
      (await backlogOf(task.address, task.subscription)) !== 0
    )
      await delay(100);
    child.send('report');
    return reported('final').promise;
  };
  try {
    return await Promise.race([
      run(),
      delay(limitSeconds * 1_000, undefined, { signal: limit.signal }).then(
        () => {
          throw new Error(
            `expected ${task.contender} to take ${task.messages} messages within ${limitSeconds} s`,
          );
        },
      ),
    ]);
  } finally {
    limit.abort();
    await stop(child);
  }
};
