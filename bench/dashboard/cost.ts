import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import {
  openBrowser,
  openPage,
  signIn,
} from '../../dashboard/browser-tests/browser.ts';
import { operatorSecret, type World } from './world.ts';

/** Ticks a second in /proc, the same on every Linux that Node runs on. */
const ticks = 100;

const statOf = async (pid: string): Promise<string[] | undefined> => {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(
    () => undefined,
  );
  // The fields after the name, which may hold anything: see proc(5).
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** Seconds of a core that Postgres has used: its own, its backends' and those of backends that are gone. */
const postgresSeconds = async (postmaster: number): Promise<number> => {
  const sum = (fields: readonly string[], from: number, to: number) =>
    fields.slice(from, to).reduce((total, field) => total + Number(field), 0);
  const own = (await statOf(String(postmaster))) ?? [];
  let all = sum(own, 11, 15);
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const fields = await statOf(pid);
    if (fields?.[1] === String(postmaster)) all += sum(fields, 11, 13);
  }
  return all / ticks;
};

const during = async (
  { postmaster }: World,
  seconds: number,
): Promise<number> => {
  const before = await postgresSeconds(postmaster);
  await delay(seconds * 1_000);
  return (await postgresSeconds(postmaster)) - before;
};

/** Share of a core, 0 to 1, that the database works. */
export interface OverviewCost {
  readonly seconds: number;
  /** While nobody looks. */
  readonly idle: number;
  /** While one page shows the overview, in a real browser, at its own interval. */
  readonly looking: number;
}

/** What it costs the database that somebody has the overview open. */
export const overviewCost = async (
  world: World,
  seconds: number,
): Promise<OverviewCost> => {
  const idle = (await during(world, seconds)) / seconds;
  const browser = await openBrowser();
  try {
    const { page } = await openPage(browser);
    await signIn(page, world.url, operatorSecret);
    await page.getByText('Live, as of').waitFor();
    // What only the first look costs is not what refreshing costs.
    await delay(5_000);
    return { seconds, idle, looking: (await during(world, seconds)) / seconds };
  } finally {
    await browser.close();
  }
};
