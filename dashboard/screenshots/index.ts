/**
 * Pictures of every screen of the operators' page, light and dark, of the real stack under a bounded load in which
 * some things fail and a process is killed.
 *
 *     npx pnpm screenshots [--seconds 75] [--only overview,jobs] [--to docs/screenshots]
 *
 * Each is also looked at as on a phone, by axe and for its width: what is wrong is said, and the end is 1.
 *
 * Needs Chromium, as the browser's tests do. A screen that the page links to is taken without being named here.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import type { Page } from 'playwright-core';

import { Machine, until } from '../../__tests__/e2e/nightshift.ts';
import { operatorRights } from '../../src/config.ts';
import { createDataSource } from '../../src/data-source.ts';
import {
  axeViolations,
  openBrowser,
  signIn,
} from '../browser-tests/browser.ts';
import { apiSecret, runLoad } from './load.ts';
import { actAsOperator } from './operators.ts';
import { withPalette } from './palette.ts';
import { screensOf } from './screens.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '75' },
    only: { type: 'string' },
    to: { type: 'string', default: 'docs/screenshots' },
  },
});
const seconds = Number(values.seconds);
const only = values.only?.split(',');

const size = { width: 1280, height: 800 };
const phone = { width: 390, height: 844 };
/** Pixels below which a long page is cut off. */
const tallest = 1_400;
/** Milliseconds for a page to hear the first news, and to draw its plots. */
const settling = 1_500;
/** Milliseconds for its plots to be drawn anew. */
const resizing = 300;

const token = 'a-token-of-somebody-who-looks';
const rights = [...operatorRights];

const taken = new Set<string>();
const complaints: string[] = [];

/** What is wrong with a page on a phone: that it is wider, and what axe finds. */
const complaintsAbout = async (page: Page): Promise<string[]> => {
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  return [
    ...(overflow > 0 ? [`${overflow} pixels wider than the window`] : []),
    ...(await axeViolations(page)),
  ];
};

/** A page that shows all of them. */
const listed = (names: readonly string[]): string =>
  [
    '# The screens of the operators’ page',
    'Taken of the real stack under a load in which things fail, by `npx pnpm screenshots`.',
    ...names.map((name) => {
      const title = name.replaceAll('-', ' ');
      return [
        `## ${title[0]!.toUpperCase()}${title.slice(1)}`,
        `![${title}, light](${name}-light.png)`,
        `![${title}, dark](${name}-dark.png)`,
      ].join('\n\n');
    }),
  ].join('\n\n') + '\n';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const machine = await Machine.prepare({
  LOG_LEVEL: 'info',
  API_SECRET: apiSecret,
  OUTGOING_ALLOW_PRIVATE: 'true',
  OPERATORS: JSON.stringify([
    {
      name: 'ana',
      sha256: createHash('sha256').update(token).digest('hex'),
      rights,
    },
  ]),
});
const browser = await openBrowser();
try {
  const background = machine.start('dev', 'background');
  const { postgres, pubsub } = await background.logged('nightshift ready');
  const databaseUrl = String(postgres);
  const api = machine.start('dev', 'api');
  const url = String((await api.logged('nightshift api ready')).api);
  const con = await createDataSource({ url: databaseUrl }).initialize();
  const startJobs = () =>
    spawn(process.execPath, ['--import', 'tsx', 'bin/cli.ts', 'jobs'], {
      stdio: 'ignore',
      env: {
        ...process.env,
        ...machine.environment,
        NIGHTSHIFT_HOME: machine.home,
        HEALTH_PORT: '0',
        DATABASE_URL: databaseUrl,
        PUBSUB_EMULATOR_HOST: String(pubsub),
      },
    });
  say(`${url}: a load for ${seconds} s`);
  const second = startJobs();
  const ended = new AbortController();
  const load = runLoad({ con, url, signal: ended.signal });
  await delay((seconds / 2) * 1_000);
  // Killed, and never said good-bye.
  second.kill('SIGKILL');
  const third = startJobs();
  await delay((seconds / 2) * 1_000);
  await until(
    async () =>
      (
        await con.query<unknown[]>(
          `select from dead_letter where source = 'job' limit 1`,
        )
      ).length > 0,
  );
  await actAsOperator(url, token);

  await mkdir(values.to, { recursive: true });
  const blank = await (await browser.newContext()).newPage();
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ viewport: size, colorScheme });
    const page = await context.newPage();
    await signIn(page, url, token);
    for (const { name, path } of await screensOf(page, con)) {
      if (only && !only.includes(name)) continue;
      await page.goto(`${url}/admin${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle').catch(() => undefined);
      await delay(settling);
      const height = await page.evaluate<number>(
        'document.documentElement.scrollHeight',
      );
      // As large as the page: what stands at the edge of the window stands at the edge of the picture.
      await page.setViewportSize({
        width: size.width,
        height: Math.min(tallest, Math.max(size.height, height)),
      });
      await delay(resizing);
      const png = await page.screenshot();
      await page.setViewportSize(phone);
      await delay(resizing);
      complaints.push(
        ...(await complaintsAbout(page)).map(
          (complaint) => `${path}, ${colorScheme}: ${complaint}`,
        ),
      );
      await page.setViewportSize(size);
      taken.add(name);
      const small = await withPalette(blank, png);
      const file = join(values.to, `${name}-${colorScheme}.png`);
      await writeFile(file, small);
      say(`${file}: ${Math.round(small.length / 1_024)} KB`);
    }
    await context.close();
  }
  if (!only) await writeFile(join(values.to, 'README.md'), listed([...taken]));
  ended.abort();
  await load;
  for (const complaint of complaints) say(complaint);
  if (complaints.length > 0) process.exitCode = 1;
  await con.destroy();
  third.kill('SIGKILL');
} finally {
  await browser.close();
  await machine.remove();
}
process.exit();
