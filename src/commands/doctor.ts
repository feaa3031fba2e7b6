import { Command } from 'commander';

import { type Diagnosis, examine, isBroken } from '../doctor/examine.ts';

const marks = {
  ok: 'ok     ',
  note: 'note   ',
  warning: 'WARNING',
  broken: 'BROKEN ',
} as const;

const shown = ({ check, level, message, remedy }: Diagnosis): string => {
  const indent = ' '.repeat(23);
  return (
    `${marks[level]}  ${check.padEnd(12)}  ${message}` +
    (remedy === undefined ? '' : `\n${indent}→ ${remedy}`)
  );
};

const run = async (options: { readonly json?: true }): Promise<void> => {
  const findings = await examine({ environment: process.env });
  const broken = findings.filter(isBroken).length;
  if (options.json)
    console.log(JSON.stringify({ healthy: broken === 0, findings }));
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
      'check environment, database, change data capture, broker and dead letters; changes nothing',
    )
    .option(
      '--json',
      'print { healthy, findings: [{ check, level, message, remedy }] } as one line of JSON',
    )
    .addHelpText(
      'after',
      `
Every finding says what is so, and after an arrow what mends it. The exit code is 1 if something is
broken; warnings and notes do not change it. Each check has a few seconds of its own.

Environment: everything that the processes read, above all DATABASE_URL, PUBSUB_PROJECT_ID and
PUBSUB_EMULATOR_HOST.

Examples:
  nightshift doctor
  nightshift doctor --json | jq '.findings[] | select(.level == "broken")'`,
    )
    .action(run);
