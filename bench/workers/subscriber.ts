import { serve, type Task } from './contenders.ts';

/** Told once: how long it took from the first message to the last, in seconds. */
export interface Report {
  readonly seconds: number;
}

process.once('message', (task: Task) => {
  let count = 0;
  let began = 0;
  void serve(task, () => {
    if (count === task.warmUp) began = performance.now();
    count += 1;
    // The first message after the warm-up only starts the clock.
    if (count === task.warmUp + task.messages)
      process.send?.({
        seconds: (performance.now() - began) / 1_000,
      } satisfies Report);
  });
});
process.on('disconnect', () => process.exit(0));
