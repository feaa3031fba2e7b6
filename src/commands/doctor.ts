import { styleText } from 'node:util';

import { Command, InvalidArgumentError } from 'commander';

import type { Deployment } from '../doctor/check.ts';
import { type Diagnosis, examine, isBroken } from '../doctor/examine.ts';
import { flows } from '../flows/definitions/index.ts';
import { retentionRules } from '../retention/rules.ts';
import { personalizedDigestWorkers } from '../workers/index.ts';
import { servedWorkers } from '../workers/serve.ts';
import { mainWorkers } from './background.ts';

const marks = {
  ok: 'ok     ',
  note: 'note   ',
  warning: 'WARNING',
  broken: 'BROKEN ',
} as const;

const colours = {
  ok: 'green',
  note: 'cyan',
  warning: 'yellow',
  broken: 'red',
} as const;

const shown = ({ check, level, message, remedy }: Diagnosis): string => {
  const indent = ' '.repeat(29);
  return (
    `${styleText(colours[level], marks[level])}  ${check.padEnd(18)}  ${message}` +
    (remedy === undefined ? '' : `\n${indent}→ ${remedy}`)
  );
};

/** The background processes as this version starts them. */
export const deployment = (): Deployment => ({
  processes: [
    { name: 'background', workers: mainWorkers() },
    {
      name: 'personalized-digest',
      workers: servedWorkers(personalizedDigestWorkers),
    },
  ],
  flows,
  retention: retentionRules,
});

/** The doctor's findings in this process's environment. */
export const examineHere = (): Promise<Diagnosis[]> =>
  examine({ environment: process.env, deployment: deployment() });

const seconds = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 600) return value;
  throw new InvalidArgumentError('expected seconds from 0 to 600.');
};

const address = (text: string, before: readonly string[] = []): string[] => {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    return [...before, text];
  throw new InvalidArgumentError(
    'expected an address such as http://127.0.0.1:5001.',
  );
};

interface DoctorOptions {
  readonly json?: true;
  readonly wait: number;
  readonly health?: readonly string[];
}

const run = async ({ json, wait, health }: DoctorOptions): Promise<void> => {
  const findings = await examine({
    environment: process.env,
    deployment: deployment(),
    waitSeconds: wait,
    ...(health && { healthUrls: health }),
  });
  const broken = findings.filter(isBroken).length;
  if (json) console.log(JSON.stringify({ healthy: broken === 0, findings }));
  else {
    for (const finding of findings) console.log(shown(finding));
    console.log(
      broken === 0
        ? '\nnothing is broken'
        : `\n${broken} ${broken === 1 ? 'thing is' : 'things are'} broken`,
    );
  }
  if (broken > 0) process.exitCode = 1;
};

/** `nightshift doctor`: looks at every invariant and says what is broken. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'check environment, database, change data capture, broker, streams and dead letters; changes no data',
    )
    .option(
      '--json',
      'print { healthy, findings: [{ check, level, message, remedy }] } as one line of JSON',
    )
    .option(
      '--wait <seconds>',
      'how long replication may take to reach the newest event of the outbox; 60 is what it is allowed',
      seconds,
      5,
    )
    .option(
      '--health <address>',
      'ask this process too, such as http://10.0.0.5:5001; may be given more than once',
      address,
    )
    .addHelpText(
      'after',
      `
Every finding says what is so, and after an arrow what mends it. The exit code is 1 if something is
broken; warnings and notes do not change it. Each check has a few seconds of its own.

The local Pub/Sub server tells which subscriptions have a live stream. Google's service does not; there
the processes are asked: those of --health, else the one at HEALTH_PORT of this machine.

Environment: everything that the processes read, above all DATABASE_URL, PUBSUB_PROJECT_ID and
PUBSUB_EMULATOR_HOST.

Examples:
  nightshift doctor
  nightshift doctor --wait 60 --health http://10.0.0.5:5001 --health http://10.0.0.6:5001
  nightshift doctor --json | jq '.findings[] | select(.level == "broken")'`,
    )
    .action(run);
