import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** What was measured, behind the command that does it again, when it was and on what. */
export const recorded = <Measured extends object>(
  command: string,
  measured: Measured,
) => ({
  command,
  at: new Date().toISOString(),
  node: process.version,
  processors: cpus().length,
  ...measured,
});

/** Keeps it as `bench/results/<name>.json`. */
export const keep = (name: string, document: object): Promise<void> =>
  writeFile(
    new URL(`results/${name}.json`, import.meta.url),
    `${JSON.stringify(document, undefined, 2)}\n`,
  );
