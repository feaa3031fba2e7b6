import { Worker, type WorkerOptions } from 'node:worker_threads';

const cache = 'NODE_COMPILE_CACHE';

/**
 * Starts a thread for work that would hold up everything else. Node strips the types of its files itself, which
 * a loader of this process would take ten times as long for, so they and what they import hold no decorators and
 * no enums. It sees nothing of the environment but where compiled code is kept.
 *
 * @param memory megabytes that it may take for itself
 */
export const startThread = (
  file: URL,
  memory: number,
  options: Pick<WorkerOptions, 'name' | 'workerData'> = {},
): Worker => {
  const { [cache]: directory } = process.env;
  return new Worker(file, {
    ...options,
    execArgv: [],
    env: directory === undefined ? {} : { [cache]: directory },
    resourceLimits: { maxOldGenerationSizeMb: memory },
  });
};
