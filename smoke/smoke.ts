import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

import { runChild } from './child.ts';
import type { Language } from './languages.ts';
import { TapReport } from './tap.ts';

/** Fetching and compiling, the first time from the network. */
const PREPARATION_TIMEOUT = 600_000;
const RUN_TIMEOUT = 180_000;
const TOOLCHAIN_TIMEOUT = 30_000;

/** What became of one language. */
export type Outcome =
  | { readonly kind: 'passed'; readonly checks: number }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly missing: string };

/** The program of one language against the server at `address`, each of its lines given to `print`. */
export const smoke = async (
  language: Language,
  address: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<Outcome> => {
  const cwd = fileURLToPath(new URL(language.name, import.meta.url));
  for (const command of language.toolchain) {
    const end = await runChild({
      command,
      cwd,
      timeout: TOOLCHAIN_TIMEOUT,
      signal,
    });
    if (end.kind === 'missing' || (end.kind === 'exited' && end.code !== 0))
      return { kind: 'skipped', missing: command.join(' ') };
  }
  for (const command of language.prepare) {
    const end = await runChild({
      command,
      cwd,
      timeout: PREPARATION_TIMEOUT,
      signal,
      // Maven resets the terminal's colours even where there is no terminal.
      onLine: (line) => {
        const text = stripVTControlCharacters(line);
        if (text !== '') print(text);
      },
    });
    if (end.kind !== 'exited' || end.code !== 0)
      return {
        kind: 'failed',
        reason: `expected ${command.slice(0, 3).join(' ')} … to succeed, it ${describe(end)}`,
      };
  }
  const report = new TapReport();
  const end = await runChild({
    command: language.run,
    cwd,
    env: { PUBSUB_EMULATOR_HOST: address },
    timeout: RUN_TIMEOUT,
    signal,
    onLine: (line) => {
      report.read(line);
      print(line);
    },
  });
  const ending =
    end.kind === 'exited' && end.code === 0
      ? undefined
      : `expected the program to end with 0, it ${describe(end)}`;
  const reason = end.kind === 'exited' ? (report.defect ?? ending) : ending;
  return reason === undefined
    ? { kind: 'passed', checks: report.passed }
    : { kind: 'failed', reason };
};

const describe = (end: Awaited<ReturnType<typeof runChild>>): string => {
  switch (end.kind) {
    case 'exited':
      return end.code === null
        ? 'was killed'
        : `ended with ${String(end.code)}`;
    case 'missing':
      return `is not there: ${end.command}`;
    default:
      return end.kind === 'timed out' ? 'took too long' : 'was interrupted';
  }
};
