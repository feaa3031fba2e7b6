import { setTimeout as delay } from 'node:timers/promises';

import { type CandidateName, candidates } from './candidates.ts';
import { dispatch, type Dispatcher, type Run } from './dispatcher.ts';
import type { Mode } from './port.ts';

export interface Task {
  readonly candidate: CandidateName;
  readonly url: string;
  readonly mode: Mode;
  readonly slots: number;
  /** How long a handler waits, in milliseconds; 0 does nothing at all. */
  readonly handlerMilliseconds: number;
}

export type Command = Task | 'start' | 'stop';

export type Report =
  | { readonly kind: 'listening' }
  | { readonly kind: 'runs'; readonly runs: readonly Run[] }
  | { readonly kind: 'stopped'; readonly claims: readonly number[] };

const report = (message: Report) =>
  new Promise<void>((resolve) => {
    process.send?.(message, () => resolve());
  });

const serve = async (task: Task): Promise<void> => {
  const store = await candidates[task.candidate].open(task.url, 4);
  let dispatcher: Dispatcher | undefined;
  const claims: number[] = [];
  await store.listen(() => dispatcher?.wake());
  process.on('message', (command: Command) => {
    if (command === 'start')
      dispatcher = dispatch({
        store,
        mode: task.mode,
        slots: task.slots,
        handle:
          task.handlerMilliseconds === 0
            ? () => undefined
            : () => delay(task.handlerMilliseconds),
        onClaim: (milliseconds) => claims.push(milliseconds),
        onSettled: (runs) => void report({ kind: 'runs', runs }),
      });
    if (command === 'stop')
      void (async () => {
        await dispatcher?.stop();
        await report({ kind: 'stopped', claims });
        await store.close();
        process.disconnect();
      })();
  });
  await report({ kind: 'listening' });
};

process.once('message', (task: Task) => void serve(task));
process.once('disconnect', () => process.exit());
process.on('unhandledRejection', (error) => {
  console.error(error);
  process.exit(1);
});
