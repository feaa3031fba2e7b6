import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { access, accountEmail } from '../../.infra/plan/access.ts';
import {
  type PlannedProcess,
  processes,
  secretsOf,
} from '../../.infra/plan/processes.ts';
import { plannedTopics } from '../../.infra/plan/topics.ts';
import { capturedTables, heartbeatTopic } from '../../src/cdc/tables.ts';
import { topics as eventTopics } from '../../src/common/typedPubsub.ts';
import { mainWorkers } from '../../src/commands/background.ts';
import { personalizedDigestWorkers } from '../../src/workers/index.ts';
import { settings } from './settings.ts';

/** Where the code of a process begins. */
const roots: Readonly<
  Record<Exclude<PlannedProcess['name'], 'cdc'>, readonly string[]>
> = {
  api: ['src/commands/api.ts'],
  // `--no-jobs`: the handlers of jobs are loaded, and none is run.
  background: [
    'src/background.ts',
    'src/workers/index.ts',
    'src/host/dead-letter-drain.ts',
  ],
  jobs: [
    'src/background.ts',
    'src/jobs/handlers/index.ts',
    'src/flows/definitions/index.ts',
  ],
  'personalized-digest': [
    'src/background.ts',
    'src/workers/digest/personalizedDigestEmail.ts',
  ],
};

/** The text of a module and of all that it imports, types left out. */
const reach = async (entries: readonly string[]) => {
  const found = new Map<string, string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const text = await readFile(path, 'utf8');
    found.set(path, text);
    for (const [statement, from] of text.matchAll(
      /(?:^(?:import|export)\b[^;]*?from |^import |\bimport\(|new URL\(\s*)'(\.[^']+\.ts)'/gm,
    ))
      if (!/^(?:import|export) type\b/.test(statement))
        open.push(join(dirname(path), from!));
  }
  return found;
};

const plannedOf = (name: PlannedProcess['name']) =>
  processes.find((process) => process.name === name)!;
const own = processes.filter(({ command }) => command !== undefined);
const texts = new Map(
  await Promise.all(
    own.map(
      async ({ name }) =>
        [name, await reach(roots[name as keyof typeof roots])] as const,
    ),
  ),
);
const codeOf = (name: PlannedProcess['name']) =>
  [...texts.get(name)!]
    // It names every variable of every process.
    .filter(([path]) => path !== 'src/config.ts')
    .map(([, text]) =>
      text.replaceAll(/\/\*[^]*?\*\/|\/\/.*|addHelpText\([^]*?`,\n/g, ''),
    )
    .join('\n');

const directTopics = Object.entries(eventTopics)
  .filter(([, topic]) => 'transport' in topic && topic.transport === 'direct')
  .map(([name]) => name);

const plan = access(settings, plannedTopics());
const granted = (name: PlannedProcess['name'], type: string) =>
  plan
    .filter(
      (resource) =>
        resource.type === type &&
        resource.args.member ===
          `serviceAccount:${accountEmail(settings, plannedOf(name))}`,
    )
    .map(({ args }) => args);

describe('an account has the rights that its code uses, and no more:', () => {
  test.each([
    ['background', mainWorkers().map(({ subscription }) => subscription)],
    ['personalized-digest', Object.keys(personalizedDigestWorkers)],
    ['api', []],
    ['jobs', []],
    ['cdc', []],
  ] as const)('%s pulls what it serves', (name, served) => {
    expect(
      granted(name, 'gcp.pubsub.SubscriptionIAMMember')
        .map(
          ({ subscription, role }) => `${String(role)} ${String(subscription)}`,
        )
        .sort(),
    ).toEqual(
      served
        .map((subscription) => `roles/pubsub.subscriber ${subscription}`)
        .sort(),
    );
  });

  test.each(own)('$name publishes what it triggers directly', ({ name }) => {
    const triggered = [
      ...codeOf(name).matchAll(/triggerTypedEvent\(\s*\w+,\s*'([^']+)'/g),
    ].map(([, topic]) => topic!);
    expect(
      granted(name, 'gcp.pubsub.TopicIAMMember').map(({ topic }) => topic),
    ).toEqual(directTopics.filter((topic) => triggered.includes(topic)));
  });

  test('cdc publishes events of the outbox, changes of rows and heartbeats', () => {
    const streamed = new Set<string>([
      ...Object.entries(eventTopics)
        .filter(
          ([name, { identity }]) =>
            identity !== 'none' && !directTopics.includes(name),
        )
        .map(([name]) => name),
      ...capturedTables.map(({ topic }) => topic),
      heartbeatTopic,
    ]);
    expect(
      granted('cdc', 'gcp.pubsub.TopicIAMMember').map(({ topic }) => topic),
    ).toEqual([...streamed].sort());
  });

  test.each(own)('$name reads the secrets that its code names', ({ name }) => {
    const all = new Set(own.flatMap((one) => secretsOf(settings, one)));
    expect(
      granted(name, 'gcp.secretmanager.SecretIamMember')
        .map(({ secretId }) => secretId)
        .sort(),
    ).toEqual(
      [...all]
        .filter((secret) => new RegExp(`\\b${secret}\\b`).test(codeOf(name)))
        .sort(),
    );
  });

  test('every secret that a process can be given has a place in Secret Manager', async () => {
    const text = await readFile('src/config.ts', 'utf8');
    const secrets = [
      ...text.matchAll(/^ +([A-Z_]+): (?:secret|operators)\.optional\(\)/gm),
    ]
      .map(([, name]) => name!)
      // Signs links to exports in a folder; a stack has a bucket.
      .filter((name) => name !== 'EXPORT_LINK_SECRET');
    expect(secrets.length).toBeGreaterThan(4);
    expect(
      plan
        .filter(({ type }) => type === 'gcp.secretmanager.Secret')
        .map(({ name }) => name),
    ).toEqual(expect.arrayContaining(secrets));
  });

  test.each(processes)(
    '$name has the exports, and signs as itself alone, if it opens them',
    ({ name, command }) => {
      const opens =
        command !== undefined && /\bexportStorage\(\)/.test(codeOf(name));
      expect(granted(name, 'gcp.storage.BucketIAMMember')).toHaveLength(
        opens ? 1 : 0,
      );
      expect(
        granted(name, 'gcp.serviceaccount.IAMMember').map(
          ({ role, serviceAccountId }) => [role, serviceAccountId],
        ),
      ).toEqual(
        opens
          ? [
              [
                'roles/iam.serviceAccountTokenCreator',
                `projects/example/serviceAccounts/${accountEmail(settings, plannedOf(name))}`,
              ],
            ]
          : [],
      );
    },
  );
});
