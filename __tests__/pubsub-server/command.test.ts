import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { startPubSub } from '../../src/pubsub-server/index.ts';

const program = `
  import { pubsubCommand } from './src/commands/pubsub.ts';
  await pubsubCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;

const run = (...options: string[]) =>
  spawn(
    process.execPath,
    [
      '--import',
      'tsx/esm',
      '--input-type=module',
      '--eval',
      program,
      '--',
      ...options,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );

it.each(['SIGINT', 'SIGTERM'] as const)(
  'serves on the address it prints until %s, and ends cleanly',
  async (signal) => {
    const child = run('--port', '0');
    const exited = once(child, 'exit');
    let address: string | undefined;
    for await (const line of createInterface(child.stdout)) {
      address = /^export PUBSUB_EMULATOR_HOST=(.*)$/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    expect(await (await fetch(`http://${address}/healthz`)).text()).toBe('ok');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
  },
);

it.each([
  ['in memory only', false],
  ['survives kill -9', true],
])('says that what it holds is %s', async (sentence, kept) => {
  const parent = await mkdtemp(join(tmpdir(), 'pubsub-'));
  const data = join(parent, 'data');
  const child = run(
    '--port',
    '0',
    '--quiet',
    ...(kept ? ['--data', data] : []),
  );
  const exited = once(child, 'exit');
  let said: string | undefined;
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('storage')) said = line;
    if (line.startsWith('export')) break;
  }
  expect(said).toContain(sentence);
  if (kept) expect(said).toContain(data);
  child.kill('SIGTERM');
  await exited;
  await rm(parent, { recursive: true });
});

it('says which limit of streams was expected', async () => {
  const child = run('--stream-limit', 'none');
  const exited = once(child, 'exit');
  let errors = '';
  for await (const chunk of child.stderr) errors += String(chunk);
  expect(errors).toContain(
    'expected a number of streams of at least 1, got: none',
  );
  expect((await exited)[0]).not.toBe(0);
});

it('says which port was expected', async () => {
  const child = run('--port', 'http');
  const exited = once(child, 'exit');
  let errors = '';
  for await (const chunk of child.stderr) errors += String(chunk);
  expect(errors).toContain('expected a port between 0 and 65535, got: http');
  expect((await exited)[0]).not.toBe(0);
});

it('says that the port is taken and what to do', async () => {
  const server = await startPubSub();
  const child = run('--port', String(server.port));
  const exited = once(child, 'exit');
  let errors = '';
  for await (const chunk of child.stderr) errors += String(chunk);
  expect(errors).toContain(
    `expected a free port, got: 127.0.0.1:${server.port}, which is taken`,
  );
  expect((await exited)[0]).not.toBe(0);
  await server.stop();
});
