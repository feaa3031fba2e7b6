import { readFile, rename, writeFile } from 'node:fs/promises';

import { z } from 'zod';

import type { LocalHome } from './home.ts';

const schema = z.object({
  /** The process that runs the stack. */
  pid: z.number().int(),
  /** Where it takes leases, on 127.0.0.1. */
  leasePort: z.number().int(),
  /** Proves to it that a lessee can read this file. */
  token: z.string(),
  databaseUrl: z.string(),
  /** `host:port` */
  pubsubAddress: z.string(),
  /** What the stack found when it started, for people. */
  remarks: z.array(z.string()),
  /** It was stopped, not killed: nothing of it runs any more. */
  stopped: z.boolean(),
});

/** How to reach a running stack. */
export type StackState = z.infer<typeof schema>;

/** Writes it whole or not at all, for its owner alone. */
export const writeState = async (
  home: LocalHome,
  state: StackState,
): Promise<void> => {
  const draft = `${home.state}.${process.pid}`;
  await writeFile(draft, JSON.stringify(state), { mode: 0o600 });
  await rename(draft, home.state);
};

/** What the file says; `undefined` if there is none or it is of another version. It may be stale. */
export const readState = async (
  home: LocalHome,
): Promise<StackState | undefined> => {
  try {
    return schema.parse(JSON.parse(await readFile(home.state, 'utf8')));
  } catch {
    return undefined;
  }
};
