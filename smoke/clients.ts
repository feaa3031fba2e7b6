/**
 * Runs Google's unmodified clients in Go, Java and Python against our Pub/Sub server.
 *
 *     npx pnpm smoke:clients [--only go|java|python]
 *
 * Fetches the pinned clients from their registries, so it is not part of the test suite. Exits with 1
 * if a check fails or no language could run; one whose toolchain is not installed is skipped and named.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Command, Option } from 'commander';

import { languagesIn } from './languages.ts';
import { startServerProcess } from './server.ts';
import { type Outcome, smoke } from './smoke.ts';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const summary = (name: string, outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'passed':
      return `${name}: ${outcome.checks} passed`;
    case 'failed':
      return `${name}: FAILED: ${outcome.reason}`;
    case 'skipped':
      return `${name}: skipped: \`${outcome.missing}\` does not run here`;
  }
};

const run = async (only: string | undefined): Promise<void> => {
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, interrupt);
  const scratch = await mkdtemp(join(tmpdir(), 'smoke-clients-'));
  const lines: string[] = [];
  let ran = false;
  try {
    const server = await startServerProcess();
    try {
      for (const language of languagesIn(scratch)) {
        const { name } = language;
        if (only !== undefined && name !== only) continue;
        const outcome = await smoke(
          language,
          server.address,
          (line) => {
            print(`${name} | ${line}`);
          },
          interrupted.signal,
        );
        lines.push(summary(name, outcome));
        if (outcome.kind === 'failed') process.exitCode = 1;
        if (outcome.kind !== 'skipped') ran = true;
      }
    } finally {
      await server.stop();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  for (const line of lines) print(line);
  if (!ran) process.exitCode = 1;
};

await new Command('smoke:clients')
  .description(
    "run Google's clients in Go, Java and Python against the local Pub/Sub server",
  )
  .addOption(
    new Option('--only <language>', 'one language alone').choices([
      'go',
      'java',
      'python',
    ]),
  )
  .addHelpText(
    'after',
    `
Fetches the clients from their registries the first time. A language whose toolchain is not
installed is skipped and named. Exits with 1 if a check fails, or if every language was skipped.

Example:
  npx pnpm smoke:clients --only go`,
  )
  .action(({ only }: { only?: string }) => run(only))
  .parseAsync();
