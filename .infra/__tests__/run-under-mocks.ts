import { readFileSync } from 'node:fs';

import * as pulumi from '@pulumi/pulumi';
import { parse } from 'yaml';

/** Runs the program of the stack named on the command line and prints the resources that it asked for. */
const stack = process.argv[2] ?? 'dev';
const made: { type: string; name: string; inputs: unknown }[] = [];

/** As Pulumi hands a stack's file to its program: every value a text, lists as JSON. */
const configuration = (text: string): Record<string, string> => {
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
};

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
