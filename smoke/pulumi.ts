/**
 * Runs the program of both stacks with the real Pulumi against our Pub/Sub server.
 *
 *     npx pnpm smoke:pulumi
 *
 * Needs `pulumi` and its language host for Node on the PATH; exits with 1 where they are missing or a check fails.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openProject } from './pulumi/project.ts';
import { checkStack } from './pulumi/stack.ts';
import { startServerProcess } from './server.ts';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted.abort();
  });

const scratch = await mkdtemp(join(tmpdir(), 'smoke-pulumi-'));
try {
  for (const stack of ['dev', 'prod']) {
    const server = await startServerProcess();
    try {
      const project = await openProject(
        join(scratch, stack),
        stack,
        server.address,
        interrupted.signal,
      );
      await checkStack(project, print);
    } finally {
      await server.stop();
    }
  }
  print('both stacks passed');
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}
