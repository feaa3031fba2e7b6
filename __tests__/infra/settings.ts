import type { StackSettings } from '../../.infra/plan/resource.ts';

/** Of a stack that nobody has. */
export const settings: StackSettings = {
  stack: 'test',
  project: 'example',
  projectNumber: '123456789012',
  region: 'europe-west1',
  image: 'example/nightshift:1',
  createTopics: true,
  foreignProject: 'other',
  databaseTier: 'db-custom-1-3840',
  highAvailability: false,
  maximumReplicas: 3,
  publicUrl: 'https://nightshift.example',
  mailFrom: 'Nightshift <nightshift@nightshift.example>',
  optionalSecrets: [
    'CRM_TOKEN',
    'GROWTHBOOK_CLIENT_KEY',
    'OPERATORS',
    'OPERATOR_WEBHOOK_URL',
  ],
  variables: { TRACE_SAMPLE_RATIO: '0.1' },
  notificationChannels: [],
};
