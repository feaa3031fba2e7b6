/**
 * Kills the background process with SIGKILL and SIGTERM in the middle of its work and counts what
 * became of it. Needs nothing but the project: it starts a local stack of its own in a temporary
 * directory, sends traffic to this machine alone, and stops by itself.
 *
 *     npx pnpm chaos [--votes 10000]
 *
 * Exits with 1 if any effect is missing or doubled.
 */
import { parseArgs } from 'node:util';

import { untilQuiet } from '../../__tests__/e2e/community.ts';
import {
  Machine,
  type NightshiftProcess,
  until,
} from '../../__tests__/e2e/nightshift.ts';
import { askAt, castVotes, effectsOf } from './votes.ts';

/** When this share of the votes has had its effect, the process gets this signal. */
const blows = [
  { share: 0.1, signal: 'SIGKILL' },
  { share: 0.3, signal: 'SIGTERM' },
  { share: 0.5, signal: 'SIGKILL' },
  { share: 0.7, signal: 'SIGKILL' },
] as const;

const { values } = parseArgs({
  options: { votes: { type: 'string', default: '10000' } },
});
const wanted = Number(values.votes);
if (!Number.isInteger(wanted) || wanted < 100 || wanted > 200_000)
  throw new Error(
    `expected --votes to be a whole number from 100 to 200000, got: ${values.votes}`,
  );

const machine = await Machine.prepare();
try {
  const start = async (): Promise<[NightshiftProcess, string, string]> => {
    const process = machine.start('dev', 'background');
    const ready = await process.logged('nightshift ready');
    return [process, String(ready.postgres), String(ready.pubsub)];
  };
  // The API holds the stack while the background process is down.
  const gateway = machine.start('dev', 'api');
  await gateway.logged('nightshift api ready');
  let [background, databaseUrl, pubsubAddress] = await start();
  const ask = askAt(databaseUrl);
  const began = performance.now();
  const votes = await castVotes(ask, wanted);
  console.log(`${votes} votes are cast`);
  for (const { share, signal } of blows) {
    await until(
      async () => (await effectsOf(ask)).granted >= Math.floor(votes * share),
    );
    background.kill(signal);
    const code = await background.end();
    const { granted } = await effectsOf(ask);
    console.log(
      `${signal} after ${granted} effects; the process ended with ${code}`,
    );
    [background, databaseUrl, pubsubAddress] = await start();
  }
  await untilQuiet(databaseUrl, pubsubAddress);
  const effects = await effectsOf(ask);
  background.interrupt();
  await background.end();
  gateway.interrupt();
  await gateway.end();
  const right =
    effects.granted === votes &&
    effects.handled === votes &&
    effects.wrongAuthors === 0 &&
    effects.doubledNotifications === 0 &&
    effects.deadLetters === 0;
  const seconds = Math.round((performance.now() - began) / 1_000);
  console.log(JSON.stringify({ votes, ...effects, seconds }));
  console.log(right ? 'nothing lost, nothing doubled' : 'NOT as it must be');
  if (!right) process.exitCode = 1;
} finally {
  await machine.remove();
}
