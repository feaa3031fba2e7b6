import assert from 'node:assert/strict';

import type { Project, Run } from './project.ts';

/** `+ 202 created`: the lines below `Resources:`. */
const summaryOf = ({ output }: Run): string =>
  (/^Resources:\n((?: {4}.+\n?)+)/m.exec(output)?.[1] ?? 'no resources')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(', ');

const changed = 'post-upvoted-rep';

/**
 * From an empty server to a stack as declared, a change by hand, its mending and the end of all.
 *
 * @param print Called with a line for each check that passed.
 * @throws AssertionError with what the command printed.
 */
export const checkStack = async (
  { stack, project, address, pulumi, nightshift }: Project,
  print: (line: string) => void,
): Promise<void> => {
  const passes = (name: string, run: Run, code = 0): Run => {
    assert.equal(run.code, code, `${stack}: ${name}\n${run.output}`);
    print(`${stack}: ${name}: ${summaryOf(run)}`);
    return run;
  };
  const ask = async (method: string, path: string, body: unknown) => {
    const response = await fetch(
      `http://${address}/v1/projects/${project}/${path}`,
      {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      },
    );
    assert.ok(response.ok, await response.text());
  };
  const isAsDeclared = async () => {
    const { code, output } = await nightshift('provision', '--check');
    assert.equal(code, 0, `${stack}: nightshift provision --check\n${output}`);
    print(`${stack}: nightshift provision --check finds nothing`);
  };

  // Its owner has created it.
  await ask('PUT', 'topics/gondul.v1.candidate-opportunity-match', {});
  const created = await pulumi(
    'stack',
    'init',
    '--secrets-provider=passphrase',
  );
  assert.equal(created.code, 0, created.output);
  passes('preview', await pulumi('preview'));
  passes('up', await pulumi('up', '--yes', '--skip-preview'));
  await isAsDeclared();
  passes(
    'up again changes nothing',
    await pulumi('up', '--yes', '--skip-preview', '--expect-no-changes'),
  );

  await ask('PATCH', `subscriptions/${changed}`, {
    subscription: { ackDeadlineSeconds: 11 },
    updateMask: 'ackDeadlineSeconds',
  });
  const drift = await nightshift('provision', '--check');
  assert.equal(drift.code, 1, drift.output);
  assert.match(
    drift.output,
    new RegExp(
      `update subscription ${changed}\n {2}ackDeadlineSeconds 11 → 60`,
    ),
  );
  print(
    `${stack}: nightshift provision --check names what was changed by hand`,
  );
  const repaired = passes(
    'up mends what was changed by hand',
    await pulumi('up', '--yes', '--skip-preview', '--refresh'),
  );
  assert.match(repaired.output, /~ 1 updated/);
  await isAsDeclared();
  passes('destroy', await pulumi('destroy', '--yes', '--skip-preview'));
};
