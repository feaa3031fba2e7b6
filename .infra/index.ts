import { readFileSync } from 'node:fs';

import * as pulumi from '@pulumi/pulumi';

import { createResources } from './create.ts';
import { renderDebezium } from './plan/debezium.ts';
import { describeStack } from './plan/describe.ts';
import { platform } from './plan/platform.ts';
import type { StackSettings } from './plan/resource.ts';
import { plannedTopics } from './plan/topics.ts';
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
  publicUrl: config.require('publicUrl'),
  mailFrom: config.require('mailFrom'),
  optionalSecrets: config.requireObject<string[]>('optionalSecrets'),
  variables: Object.fromEntries(
    Object.entries(
      config.requireObject<Record<string, unknown>>('variables'),
    ).map(([name, value]) => [
      name,
      // `pulumi config set --path` makes a number of what looks like one.
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ),
  notificationChannels: config.requireObject<string[]>('notificationChannels'),
};

createResources([
  ...platform(settings),
  ...describeStack(settings, plannedTopics()),
  ...workloads(
    settings,
    renderDebezium(
      readFileSync(new URL('application.properties', import.meta.url), 'utf8'),
    ),
  ),
]);
