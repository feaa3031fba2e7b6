import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import { settings } from '../../__tests__/infra/settings.ts';
import { describeStack } from '../plan/describe.ts';
import { platform } from '../plan/platform.ts';
import type { Resource } from '../plan/resource.ts';
import { plannedTopics } from '../plan/topics.ts';
import { workloads } from '../plan/workloads.ts';

/** Kinds whose fields @pulumi/kubernetes knows; the others are defined by add-ons of the cluster. */
const kinds: Readonly<Record<string, string>> = {
  'apps/v1 Deployment': 'apps.v1.Deployment',
  'autoscaling/v2 HorizontalPodAutoscaler':
    'autoscaling.v2.HorizontalPodAutoscaler',
  'v1 ConfigMap': 'core.v1.ConfigMap',
  'v1 Service': 'core.v1.Service',
  'v1 ServiceAccount': 'core.v1.ServiceAccount',
};

/** The type of a resource's arguments in Pulumi's packages, undefined where they do not know it. */
const typeOf = ({ type, args }: Resource): string | undefined => {
  if (type === 'lookup') return 'gcp.pubsub.GetTopicArgs';
  if (type !== 'kubernetes') return `${type}Args`;
  const kind = kinds[`${String(args.apiVersion)} ${String(args.kind)}`];
  return kind && `kubernetes.types.input.${kind}`;
};

/** What the compiler has against a program that states the arguments of each resource as its type. */
const complaints = (resources: readonly Resource[]): string[] => {
  const file = fileURLToPath(new URL('arguments.ts', import.meta.url));
  const text = [
    "import * as gcp from '@pulumi/gcp';",
    "import * as kubernetes from '@pulumi/kubernetes';",
    ...resources.map(
      (resource, index) =>
        `export const r${index}: ${typeOf(resource)} = ${JSON.stringify(resource.args)};`,
    ),
  ].join('\n');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...others) =>
    name === file
      ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2024)
      : getSourceFile(name, ...others);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, start, file: where }) => {
      const line = where?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      const { type, name } = resources[line - 2] ?? {};
      return `${type} ${name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
};

const all = [
  ...platform(settings),
  ...describeStack(settings, plannedTopics()),
  ...workloads(settings, 'a=b'),
].filter((resource) => typeOf(resource) !== undefined);

const wrong: Resource = {
  type: 'gcp.pubsub.Subscription',
  name: 'wrong',
  args: { topic: 't', retryPolicy: { minimumBackof: '1s' } },
};

test('every argument, at any depth, is one that Pulumi knows, of the type that it wants', () => {
  assert.ok(all.length > 150);
  // One program, because the compiler reads Pulumi's types for ten seconds.
  const [found, ...others] = complaints([...all, wrong]);
  assert.deepEqual(others, []);
  assert.match(found ?? '', /^gcp.pubsub.Subscription wrong: .*minimumBackof/s);
});
