import { access, readFile } from 'node:fs/promises';

import { type Browser, chromium, type Page } from 'playwright-core';

const executable = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Nothing that talks to anybody but the page under test. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @throws if there is no Chromium, saying how to get one. */
export const openBrowser = async (): Promise<Browser> => {
  await access(executable).catch(() => {
    throw new Error(
      `expected Chromium at ${executable}, found none; install it (Debian: apt-get install chromium) or name it in CHROMIUM`,
    );
  });
  return chromium.launch({ executablePath: executable, args: flags });
};

/** A page that keeps what the browser complains about. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts and what the content security policy refused. */
  readonly complaints: string[];
}

export const openPage = async (browser: Browser): Promise<WatchedPage> => {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
};

/** What axe finds wrong with the page as it is now, one line a rule. */
export const axeViolations = async (page: Page): Promise<string[]> => {
  await page.evaluate(
    await readFile('node_modules/axe-core/axe.min.js', 'utf8'),
  );
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; nodes: { target: string[] }[] }[];
        }>;
      };
    };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    );
  });
};

/** Signs in as a person would. */
export const signIn = async (
  page: Page,
  url: string,
  token: string,
  path = '/',
): Promise<void> => {
  await page.goto(`${url}/admin${path}`);
  await page.getByLabel('Your token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();
};
