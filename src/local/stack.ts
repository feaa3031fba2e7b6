import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, stat, truncate } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { LocalHome } from './home.ts';
import { Lease } from './lease.ts';
import { isLocked } from './stack-lock.ts';
import { readState, type StackState } from './stack-state.ts';

/** Milliseconds that a new stack may take; the first start on a slow disk makes a database. */
const patience = 60_000;

/** Bytes of log after which a new stack begins it anew. */
const maxLogBytes = 10 * 1024 * 1024;

/** Exit code of a stack process that found another one running. */
export const stackRunningExitCode = 3;

/** The running local stack, as one process uses it. */
export interface LocalStack {
  readonly state: StackState;
  readonly lease: Lease;
  /** It ran already: another process started it. */
  readonly found: boolean;
}

/** The stack did not come up; `output` is the end of what its process said. */
export class StackStartError extends Error {
  override readonly name = 'StackStartError';

  constructor(
    readonly log: string,
    readonly output: string,
  ) {
    super(
      `expected the local stack to start, but it did not. The end of ${log}:\n${output}`,
    );
  }
}

const find = async (
  home: LocalHome,
  role: string,
): Promise<Omit<LocalStack, 'found'> | undefined> => {
  const state = await readState(home);
  const lease = state && (await Lease.take(state, role));
  return state && lease && { state, lease };
};

const startProcess = async (
  home: LocalHome,
  command: readonly string[],
): Promise<ChildProcess> => {
  const { size } = await stat(home.log).catch(() => ({ size: 0 }));
  if (size > maxLogBytes) await truncate(home.log);
  // Another stack may be writing: what it says stays.
  const log = await open(home.log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, command, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: {
        ...process.env,
        NIGHTSHIFT_HOME: home.directory,
        METADATA_SERVER_DETECTION: 'none',
      },
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
};

/**
 * Takes a lease on the local stack of a directory; starts it first, as a process of its own, if none
 * runs. Two processes that do so at once end up on one stack: the stack's lock decides.
 *
 * @param command arguments for Node that run the stack (`nightshift local run`)
 * @param role what this process is, shown to others
 * @throws StackStartError
 */
export const ensureLocalStack = async (
  home: LocalHome,
  command: readonly string[],
  role: string,
): Promise<LocalStack> => {
  const running = await find(home, role);
  if (running) return { ...running, found: true };
  let child = await startProcess(home, command);
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    const started = await find(home, role);
    if (started) return { ...started, found: started.state.pid !== child.pid };
    if (child.exitCode === stackRunningExitCode) {
      // Another one is about to run, or about to end; then it is our turn again.
      if (!isLocked(home.lock)) child = await startProcess(home, command);
    } else if (child.exitCode !== null || child.signalCode !== null) break;
    await delay(25);
  }
  const output = await readFile(home.log, 'utf8').catch(() => '');
  throw new StackStartError(home.log, output.trim().slice(-4_000));
};
