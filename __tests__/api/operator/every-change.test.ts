import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import {
  getNamedType,
  type GraphQLArgument,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
} from 'graphql';
import { v7 as uuidv7 } from 'uuid';

import { operatorRights, type OperatorRight } from '../../../src/config.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { gateway, request, startApi } from '../api.ts';

/** The right of every change; of several, one is enough for a look at what is asked. */
const rights: Readonly<Record<string, OperatorRight | 'any'>> = {
  cancelBulkAction: 'any',
  cancelFlow: 'flows',
  cancelFlowsInBulk: 'flows',
  cancelJob: 'jobs',
  cancelJobsInBulk: 'jobs',
  pauseFlow: 'flows',
  pauseQueue: 'queues',
  pauseSubscription: 'subscriptions',
  redriveDeadLetters: 'redrive',
  redriveInBulk: 'redrive',
  resendDeadLetter: 'edit',
  resolveDeadLetters: 'resolve',
  resolveInBulk: 'resolve',
  resumeFlow: 'flows',
  resumeQueue: 'queues',
  resumeSubscription: 'subscriptions',
  retryFlow: 'flows',
  retryFlowsInBulk: 'flows',
  retryJobsInBulk: 'jobs',
  revealDeadLetter: 'reveal',
  runSchedule: 'schedules',
  signalFlow: 'flows',
  syncConnection: 'schedules',
};

/** Routes that change something, with the right of operators for it; the others have secrets of their own. */
const routes: Readonly<Record<string, OperatorRight | 'not for operators'>> = {
  'POST /api/operator/dead-letters/redrive': 'redrive',
  'POST /api/operator/dead-letters/resolve': 'resolve',
  'POST /api/operator/dead-letters/:id/reveal': 'reveal',
  'POST /api/operator/forget': 'forget',
  'POST /api/jobs': 'not for operators',
  'POST /api/jobs/run': 'not for operators',
  'POST /api/worker': 'not for operators',
  'POST /api/exports': 'not for operators',
  'POST /api/exports/': 'not for operators',
  'POST /api/exports/everything': 'not for operators',
};
/** Open to all: GraphQL is looked at field by field, notices of feeds bear a signature. */
const open = ['POST /graphql', 'POST /api/push-notices/:connectionId'];

const tokenWith = (given: readonly OperatorRight[]): string =>
  `a-token-with-${given.join('-')}`;
const bearer = (token: string) => ({
  authorization: `Bearer ${token}`,
  'x-operator': 'somebody',
});
const withRights = (...given: readonly OperatorRight[]) =>
  bearer(tokenWith(given));
const without = (right: OperatorRight) =>
  operatorRights.filter((each) => each !== right);

const tokens: readonly (readonly OperatorRight[])[] = [
  ['read'],
  ...operatorRights.map(without),
  ...operatorRights.map((right) => ['read', right] as const),
];

let database: TestDatabase;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database, {
    operatorSecret: 'the-secret-of-the-operators',
    jobApiSecret: 'the-secret-of-the-job-api',
    workerSecret: 'the-secret-of-the-worker',
    operators: tokens.map((given) => ({
      name: given.join(' '),
      sha256: createHash('sha256').update(tokenWith(given)).digest('hex'),
      rights: given,
    })),
  });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const nobody = uuidv7();

/** A value that an argument takes, which means nothing that is there. */
const valueOf = ({ type }: Pick<GraphQLArgument, 'type'>): unknown => {
  const named = getNamedType(type);
  if (isInputObjectType(named))
    return named.name === 'DeadLetterChoice'
      ? { ids: [nobody] }
      : { all: true };
  if (isEnumType(named)) return named.getValues()[0]?.name;
  return { ID: nobody, Int: 1, Boolean: false }[named.name] ?? 'x';
};

const mutations = () =>
  Object.values(app.graphql.schema.getMutationType()!.getFields()).filter(
    ({ description }) => description?.startsWith('For operators.'),
  );

/** The code of what a mutation answers; `undefined` if it was done. */
const attempt = async (
  name: string,
  headers: Record<string, string>,
): Promise<string | undefined> => {
  const { args, type } = mutations().find((field) => field.name === name)!;
  const required = args.filter(
    ({ type, defaultValue }) =>
      isNonNullType(type) && defaultValue === undefined,
  );
  const declared = required.map(
    ({ name, type }) => `$${name}: ${String(type)}`,
  );
  const passed = required.map(({ name }) => `${name}: $${name}`);
  const answer = await request(
    app,
    `mutation (${declared.join(', ')}) { ${name}(${passed.join(', ')}) ${
      isLeafType(getNamedType(type)) ? '' : '{ __typename }'
    } }`,
    {
      headers,
      variables: Object.fromEntries(
        required.map((argument) => [argument.name, valueOf(argument)]),
      ),
    },
  );
  return answer.errors?.[0]?.extensions.code;
};

test('every change for operators is known to these tests', () => {
  expect(
    mutations()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(Object.keys(rights).sort());
});

test('nobody but an operator with the right can do any of them, and nothing has changed', async () => {
  const refusals: [string, string, string | undefined][] = [];
  for (const [name, right] of Object.entries(rights)) {
    refusals.push([name, 'anonymous', await attempt(name, {})]);
    refusals.push([name, 'a wrong token', await attempt(name, bearer('x'))]);
    const user = { ...gateway, 'x-user-id': nobody };
    refusals.push([name, 'a user', await attempt(name, user)]);
    refusals.push([name, 'a reader', await attempt(name, withRights('read'))]);
    if (right !== 'any')
      refusals.push([
        name,
        'without the right',
        await attempt(name, withRights(...without(right))),
      ]);
  }
  const isExpected = ([, who, code]: (typeof refusals)[number]) =>
    ['a reader', 'without the right'].includes(who)
      ? code === 'FORBIDDEN'
      : code === 'UNAUTHENTICATED';
  expect(refusals.filter((refusal) => !isExpected(refusal))).toEqual([]);
  expect(
    await database.dataSource.query(
      'select from audit_log union all select from job union all select from job_queue',
    ),
  ).toEqual([]);
});

test('whoever has the right is not refused', async () => {
  const allowed: Record<string, unknown> = {};
  for (const [name, right] of Object.entries(rights))
    allowed[name] = await attempt(
      name,
      withRights(
        'read',
        right === 'any' ? 'jobs' : right,
        // Who edits sees what is there.
        ...(right === 'edit' ? (['reveal'] as const) : []),
      ),
    );
  expect(Object.values(allowed)).not.toContain('FORBIDDEN');
  expect(Object.values(allowed)).not.toContain('INVALID_QUERY');
});

/** `POST /api/jobs/run` and the like, from the tree of routes. */
const changingRoutes = (): string[] => {
  const found: string[] = [];
  const above: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', path = '', methods = ''] =
      /^([│ ]*)[├└]── (\S+) \((.*)\)$/.exec(line) ?? [];
    if (path === '') continue;
    const depth = indent.length / 4;
    above.length = depth;
    above[depth] = path;
    const whole = above.filter(Boolean).join('').replaceAll('//', '/');
    for (const method of methods.split(', '))
      if (!['GET', 'HEAD'].includes(method)) found.push(`${method} ${whole}`);
  }
  return found;
};

test('every route that changes something is known to these tests', () => {
  expect(changingRoutes().sort()).toEqual(
    [...Object.keys(routes), ...open].sort(),
  );
});

const call = async (
  route: string,
  headers: Record<string, string>,
): Promise<number> => {
  const [method, path] = route.split(' ') as ['POST', string];
  const { statusCode } = await app.inject({
    method,
    url: path.replace(':id', nobody),
    headers,
    payload: { ids: [nobody], reason: 'x' },
  });
  return statusCode;
};

test.each(Object.entries(routes))(
  '%s is refused to all but those who may (%s)',
  async (route, right) => {
    expect(await call(route, {})).toBe(401);
    expect(await call(route, bearer('x'))).toBe(401);
    const refused = right === 'not for operators' ? 401 : 403;
    expect(await call(route, withRights('read'))).toBe(refused);
    if (right === 'not for operators') return;
    expect(await call(route, withRights(...without(right)))).toBe(403);
    expect(await call(route, withRights('read', right))).not.toBe(403);
  },
);

const pause = 'mutation { pauseQueue(queue: "email-sending") }';
const everything = bearer('the-secret-of-the-operators');

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
])(
  'a form of another site (%s) changes nothing, were a token to come with it',
  async (type) => {
    const { statusCode, body } = await app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { ...everything, 'content-type': type },
      payload: JSON.stringify({ query: pause }),
    });
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('"pauseQueue":true');
  },
);

test('a link changes nothing, and no other site is let in by CORS', async () => {
  const link = await app.inject({
    url: `/graphql?query=${encodeURIComponent(pause)}`,
    headers: everything,
  });
  expect(link.json()).toMatchObject({
    errors: [{ extensions: { code: 'METHOD_NOT_ALLOWED' } }],
  });
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/graphql',
    headers: {
      origin: 'https://elsewhere.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    },
  });
  expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
  expect(
    await database.dataSource.query(
      `select from job_queue where name = 'email-sending'`,
    ),
  ).toEqual([]);
});

test('a token in the address or in a cookie is no token', async () => {
  const secret = 'the-secret-of-the-operators';
  const { statusCode } = await app.inject({
    url: `/api/operator/dead-letters?token=${secret}&authorization=Bearer%20${secret}`,
    headers: { cookie: `authorization=Bearer ${secret}; token=${secret}` },
  });
  expect(statusCode).toBe(401);
});
