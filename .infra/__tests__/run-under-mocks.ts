import { readFileSync } from 'node:fs';

import * as pulumi from '@pulumi/pulumi';

/** Runs the program of the stack named on the command line and prints the resources that it asked for. */
const stack = process.argv[2] ?? 'dev';
const made: { type: string; name: string; inputs: unknown }[] = [];

/** The stack files hold one flat map of plain values. */
const configuration = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => /^ {2}([a-z]+:\w+): (.+)$/.exec(line))
      .filter((line) => line !== null)
      .map(([, key, value]) => [key, value!.replace(/^'(.*)'$/, '$1')]),
  );

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      made.push({ type, name, inputs });
      return {
        id: `${name}-id`,
        state: {
          ...inputs,
          endpoint: '192.0.2.1',
          masterAuth: { clusterCaCertificate: '' },
        },
      };
    },
    call: ({ inputs }) => inputs,
  },
  'nightshift',
  stack,
  false,
);
pulumi.runtime.setAllConfig(
  configuration(
    readFileSync(new URL(`../Pulumi.${stack}.yaml`, import.meta.url), 'utf8'),
  ),
);
await import('../index.ts');
await pulumi.runtime.disconnect();
process.stdout.write(JSON.stringify(made));
