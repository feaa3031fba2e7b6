import { readFileSync } from 'node:fs';

import * as pulumi from '@pulumi/pulumi';

import { topics } from '../src/common/typedPubsub.ts';
import { declaredResources } from '../src/provision/declared.ts';
import { createResources } from './create.ts';
import { describeStack } from './plan/describe.ts';
import { platform } from './plan/platform.ts';
import type { StackSettings } from './plan/resource.ts';
import { workloads } from './plan/workloads.ts';

const google = new pulumi.Config('gcp');
const config = new pulumi.Config();

const settings: StackSettings = {
  stack: pulumi.getStack(),
  project: google.require('project'),
  projectNumber: config.require('projectNumber'),
  region: google.require('region'),
  image: config.require('image'),
  createTopics: config.requireBoolean('createTopics'),
  foreignProject: config.require('foreignProject'),
  databaseTier: config.require('databaseTier'),
  highAvailability: config.requireBoolean('highAvailability'),
  maximumReplicas: config.requireNumber('maximumReplicas'),
  notificationChannels: config.requireObject<string[]>('notificationChannels'),
};

const direct = new Set(
  Object.entries(topics)
    .filter(([, topic]) => 'transport' in topic && topic.transport === 'direct')
    .map(([name]) => name),
);

createResources([
  ...platform(settings),
  ...describeStack(
    settings,
    declaredResources().topics.map((topic) => ({
      ...topic,
      direct: direct.has(topic.name),
    })),
  ),
  ...workloads(
    settings,
    readFileSync(new URL('application.properties', import.meta.url), 'utf8'),
  ),
]);
