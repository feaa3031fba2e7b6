import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const secret = z.string().min(16);

/**
 * What an operator may be allowed to do.
 * - `read`: see everything, with what people wrote hidden in payloads
 * - `reveal`: see payloads whole; the audit log keeps which
 * - `edit`: run a dead letter with another payload; editing one takes `reveal`, too
 * - `redrive`, `resolve`: dead letters
 * - `forget`: erase a user at the desk
 * - `jobs`: cancel jobs, and run failed ones again in bulk
 * - `queues`: pause and resume queues
 * - `subscriptions`: pause and resume subscriptions
 * - `schedules`: run a schedule now
 * - `flows`: cancel, pause, resume, retry and signal runs of flows
 */
export const operatorRights = [
  'read',
  'reveal',
  'edit',
  'redrive',
  'resolve',
  'forget',
  'jobs',
  'queues',
  'subscriptions',
  'schedules',
  'flows',
] as const;

export type OperatorRight = (typeof operatorRights)[number];

/** Operators with a token of their own, as one line of JSON; `nightshift operator-token` makes one. */
const operators = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a line of JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(
        z.strictObject({
          name: z.string().trim().min(1).max(200),
          sha256: z.string().regex(/^[0-9a-f]{64}$/),
          rights: z.array(z.enum(operatorRights)).min(1),
        }),
      )
      .max(1_000)
      .refine(
        (given) =>
          new Set(given.map(({ sha256 }) => sha256)).size === given.length,
        'expected a token of their own for every operator',
      ),
  );

/** Every variable that Nightshift reads from its environment. */
const environmentSchema = z
  .object({
    /** `production` closes what development opens: pretty logs, secrets made up at start. */
    NODE_ENV: z
      .enum(['development', 'test', 'production'])
      .default('development'),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info'),
    /** Postgres 15 or newer with `wal_level=logical`. */
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/ })
      .default('postgres://postgres@127.0.0.1:5432/nightshift'),
    /** Connections a process may hold at once. */
    DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(500).default(40),
    /** The Google Cloud project that owns topics and subscriptions. */
    PUBSUB_PROJECT_ID: z.string().min(1).default('nightshift-local'),
    /** `host:port` of a local Pub/Sub server; unset in production. */
    PUBSUB_EMULATOR_HOST: z
      .string()
      .regex(/^[^\s/:]+:\d+$/, 'expected host:port')
      .optional(),
    /** Port of the API; 0 is any free one. */
    PORT: port.default(5000),
    /** Port of health and metrics of a background process; 0 is any free one. */
    HEALTH_PORT: port.default(5001),
    /** Directory of the local stack's state. */
    NIGHTSHIFT_HOME: z.string().min(1).default('.local'),
    /** How long a process may take to finish what it has begun, in seconds. */
    DRAIN_TIMEOUT_SECONDS: z.coerce.number().min(1).max(3_600).default(25),
    /** Share of traces that are kept, 0 to 1. */
    TRACE_SAMPLE_RATIO: z.coerce.number().min(0).max(1).default(0.01),
    /** Where traces go; unset keeps them inside the process. */
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
    /** Bearer token of the gateway in front of the API; unset closes its mutations. */
    API_SECRET: secret.optional(),
    /** Bearer token of operators with every right; without it and OPERATORS, what operators see and do over HTTP is closed. */
    OPERATOR_SECRET: secret.optional(),
    /** Operators with a token and rights of their own: [{"name", "sha256" of the token, "rights"}]. */
    OPERATORS: operators.optional(),
    /** Bearer token of the job API; unset closes what creates, shows or runs jobs over HTTP. */
    JOB_API_SECRET: secret.optional(),
    /** Bearer token of whoever calls `POST /api/worker`; unset closes it. */
    WORKER_INVOCATION_SECRET: secret.optional(),
    /** Seconds that `POST /api/worker` works before it answers: less than the host allows a request. */
    WORKER_BUDGET_SECONDS: z.coerce.number().min(1).max(3_600).default(50),
    /** Days after which audit log, notifications, finished jobs and resolved dead letters are deleted. */
    DATA_RETENTION_DAYS: z.coerce
      .number()
      .int()
      .min(1)
      .max(36_500)
      .default(365),
    /** `false` records no deliveries, so that `nightshift causality` finds only what is kept anyway. */
    CAUSALITY_RECORDING: z.stringbool().default(true),
    /** Successes of a subscription that one process records in a second; of more than these it records a share. */
    CAUSALITY_MAX_RATE: z.coerce.number().int().min(1).default(200),
    /** Days after which recorded deliveries and row changes are deleted. */
    CAUSALITY_RETENTION_DAYS: z.coerce.number().min(0.01).max(3_650).default(7),
    /** Hours after which a connection that nobody synced is due. */
    CONNECTION_SYNC_HOURS: z.coerce.number().min(1).max(8_760).default(24),
    /** `true` lets webhooks and feeds reach private addresses: for development. */
    OUTGOING_ALLOW_PRIVATE: z.stringbool().default(false),
    /** Chat or pager that operators are told in, by a POST of JSON with a `text`; unset tells the log alone. */
    OPERATOR_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
    /** Google Cloud Storage bucket of exports; unset keeps them in a folder of NIGHTSHIFT_HOME. */
    EXPORT_BUCKET: z.string().min(3).optional(),
    /** Signs the links to exports in a folder; unset refuses to make any, except in development. */
    EXPORT_LINK_SECRET: secret.optional(),
    /** TrueType or OpenType font of PDF exports; unset uses Helvetica, which has Western European letters alone. */
    EXPORT_FONT_FILE: z.string().min(1).optional(),
    /** Where people reach the API: the beginning of links in mails. */
    PUBLIC_URL: z
      .url({ protocol: /^https?$/ })
      .default('http://127.0.0.1:5000'),
    /** GrowthBook's API; unset evaluates the features in GROWTHBOOK_FEATURES_FILE. */
    GROWTHBOOK_API_HOST: z.url().optional(),
    GROWTHBOOK_CLIENT_KEY: z.string().min(1).optional(),
    GROWTHBOOK_FEATURES_FILE: z
      .string()
      .min(1)
      .default('src/workers/experiments/features.json'),
    /** `store` writes mails to the table `sent_message` instead of sending them. */
    MAIL_TRANSPORT: z.enum(['store', 'smtp']).default('store'),
    SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
    MAIL_FROM: z.string().min(3).default('Nightshift <nightshift@localhost>'),
    /** `store` writes push messages to the table `sent_message`. */
    PUSH_TRANSPORT: z.enum(['store']).default('store'),
    /** `store` writes what a CRM would be told to the table `crm_contact`. */
    CRM_TRANSPORT: z.enum(['store', 'http']).default('store'),
    /** Contacts are at `<CRM_URL>/contacts/<user id>`. */
    CRM_URL: z.url({ protocol: /^https?$/ }).optional(),
    CRM_TOKEN: secret.optional(),
  })
  .refine((env) => env.MAIL_TRANSPORT !== 'smtp' || env.SMTP_URL, {
    path: ['SMTP_URL'],
    message: 'expected the address of a mail server when MAIL_TRANSPORT=smtp',
    // Also when other variables are wrong, so that all are told at once.
    when: () => true,
  })
  .refine((env) => env.CRM_TRANSPORT !== 'http' || env.CRM_URL, {
    path: ['CRM_URL'],
    message: 'expected the address of a CRM when CRM_TRANSPORT=http',
    when: () => true,
  })
  .refine((env) => env.CRM_TRANSPORT !== 'http' || env.CRM_TOKEN, {
    path: ['CRM_TOKEN'],
    message: 'expected a bearer token when CRM_TRANSPORT=http',
    when: () => true,
  });

/** The validated environment. */
export type Config = z.infer<typeof environmentSchema>;

/** One variable that is not as it must be. */
export interface ConfigProblem {
  readonly variable: string;
  readonly expected: string;
  /** What was given; `undefined` if the variable is not set. Secrets are not shown. */
  readonly given: string | undefined;
}

/** The environment cannot be used; lists every wrong variable, not only the first. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ variable, expected, given }) =>
        `  ${variable}: ${expected}, got: ${given === undefined ? 'nothing' : JSON.stringify(given)}`,
    );
    super(
      `the environment has ${problems.length} wrong variable${problems.length === 1 ? '' : 's'}:\n` +
        `${lines.join('\n')}\nSet them right (a .env file is not read) and start again.`,
    );
  }
}

const shown = (variable: string, value: string | undefined) =>
  value !== undefined && /SECRET|KEY|URL|TOKEN|OPERATORS/.test(variable)
    ? '(hidden)'
    : value;

/**
 * Reads and validates the environment. An empty variable counts as not set.
 *
 * @throws ConfigError naming every wrong variable, what was expected and what was given.
 */
export const loadConfig = (
  environment: NodeJS.ProcessEnv = process.env,
): Config => {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== ''),
  );
  const result = environmentSchema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map((issue) => {
      const [first, ...within] = issue.path.map(String);
      const variable = first ?? '';
      return {
        variable,
        expected:
          issue.message
            .replace(/^Invalid [a-z]+: /, '')
            .replace(/, received .*$/, '') +
          (within.length > 0 ? ` at ${within.join('.')}` : ''),
        given: shown(variable, given[variable]),
      };
    }),
  );
};

let loaded: Config | undefined;

/** The environment of this process, read once. @throws ConfigError */
export const config = (): Config => (loaded ??= loadConfig());
