/** Arrows go one way: what a folder may import. Everything not listed here is forbidden to it. */
const foundation =
  '^src/(config|logger|db|data-source|handler-transaction|naming-strategy)\\.ts$|^src/entity/';

const may = (from, ...to) => ({
  name: `${from}-imports-only`,
  comment: `${from} may import only: ${to.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: `^${from}` },
  to: {
    path: '^(src|\\.infra|bin)/',
    pathNot: [
      `^${from}`,
      ...to.map((path) => (path.startsWith('^') ? path : `^${path}`)),
    ],
  },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-declared-packages',
      comment:
        'A package that package.json does not list may vanish with the next installation.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: {
        dependencyTypes: [
          'npm-no-pkg',
          'npm-unknown',
          'unknown',
          'undetermined',
        ],
      },
    },
    {
      name: 'no-development-packages-in-production',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    may('\\.infra/'),
    may('src/config\\.ts'),
    may('src/entity/'),
    may(
      'src/migration/',
      'src/cdc/tables.ts',
      'src/cdc/publication',
      'src/jobs/queue-worker-sql/',
    ),
    may('src/jobs/queue-worker-sql/'),
    may('src/dead-letters/', foundation),
    may('src/events/', foundation, 'src/dead-letters/'),
    may('src/common/', foundation, 'src/events/', 'src/generated/'),
    may('src/crons\\.ts', 'src/jobs/schedules/schedule.ts'),
    may('src/digest/', foundation, 'src/common/', 'src/events/'),
    may('src/cdc/', foundation, 'src/dead-letters/'),
    may(
      'src/retention/',
      foundation,
      'src/cdc/slot.ts',
      'src/cdc/recovery/state.ts',
      '\\.infra/common.ts',
    ),
    may(
      'src/observation/',
      foundation,
      'src/cdc/slot.ts',
      'src/provision/statistics.ts',
    ),
    may('src/telemetry/', foundation),
    may('src/storage/', foundation),
    may('src/notifications/', foundation, 'src/events/'),
    may(
      'src/workers/',
      foundation,
      'src/common/',
      'src/events/',
      'src/dead-letters/',
      'src/cdc/',
      'src/notifications/',
      'src/generated/',
      'src/host/served-worker.ts',
      'src/telemetry/',
      '\\.infra/common.ts',
    ),
    may(
      'src/host/',
      foundation,
      'src/common/',
      'src/events/',
      'src/dead-letters/',
      'src/workers/worker.ts',
      'src/telemetry/',
    ),
    may(
      'src/api/',
      foundation,
      'src/common/',
      'src/events/',
      'src/dead-letters/',
      'src/storage/',
      'src/telemetry/',
      'src/migration/',
      'src/schema/',
    ),
    may('src/schema/', foundation, 'src/migration/', 'src/cdc/'),
    may('src/seed/', foundation, 'src/workers/reputation/'),
    may(
      'src/provision/',
      foundation,
      'src/cdc/tables.ts',
      'src/common/',
      'src/events/',
      'src/host/clients.ts',
      '\\.infra/common.ts',
    ),
    may(
      'src/doctor/',
      foundation,
      'src/schema/',
      'src/provision/',
      'src/common/',
      'src/host/clients.ts',
      'src/cdc/',
      '\\.infra/common.ts',
    ),
    may('src/pubsub-server/'),
    may(
      'src/local/',
      'src/config.ts',
      'src/logger.ts',
      'src/pubsub-server/',
      'src/cdc/',
    ),
    {
      name: 'nothing-imports-commands',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/commands/' },
      to: { path: '^src/commands/|^bin/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
