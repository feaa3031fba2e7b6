import {
  cancelFlow,
  Flow,
  pauseFlow,
  resumeFlow,
  retryFlow,
  RunStateError,
  signalFlow,
  sweepFlows,
} from '../../../src/flows/index.ts';
import type { AnyFlow } from '../../../src/flows/dsl/definition.ts';
import { testConnection } from '../../setup/use-test-database.ts';
import { logger, sql, timePasses, type World } from './world.ts';

const operator = { actor: 'test' };

/** What the handlers were called for, and whether those that may fail do. */
export const journal: { calls: string[]; isFailing: boolean } = {
  calls: [],
  isFailing: false,
};

const called = (step: string): string => {
  journal.calls.push(step);
  return step;
};

export interface Scenario {
  /** The first one is started. Each time with another version, so that no process knows the plan yet. */
  readonly flows: (version: number) => readonly AnyFlow[];
  /** What is done first, on connections that hold. */
  readonly before?: (world: World) => Promise<void>;
  /** What is done while a connection breaks; who asked for it and got an error asks again. */
  readonly act: (world: World) => Promise<void>;
  readonly after?: (world: World) => Promise<void>;
  /** @default completed */
  readonly state?: string;
  /** Steps whose handlers are called, each once; of transactional ones their effects count. */
  readonly calls: readonly string[];
  readonly effects?: number;
  /** Failed runs, each with one entry at the desk. @default 0 */
  readonly failures?: number;
  /** Attempts may fail: handlers that do, or whose own transaction broke. @default false */
  readonly mayFail?: boolean;
  /** Its steps, and its child, run once more. @default false */
  readonly isAgain?: boolean;
  /** Breaks commits alone: what they hold is broken at each statement elsewhere. @default false */
  readonly commitsOnly?: boolean;
  /** Statements that may break. @default those of flows */
  readonly counts?: (text: string) => boolean;
}

const once = { attempts: 1 };
const effect = {
  transactional: true,
  attempts: 3,
} as const;
const write = async ({
  manager,
  task,
}: {
  readonly manager: { query(sql: string, values: unknown[]): Promise<unknown> };
  readonly task: { readonly key: string };
}): Promise<string> => {
  await manager.query('insert into flow_effect (key) values ($1)', [task.key]);
  return 'written';
};

const orFail = (step: string): string => {
  if (journal.isFailing) throw new Error('it is broken');
  return called(step);
};

const alone = (of: number): readonly AnyFlow[] => [
  new Flow('alone', { version: of }).step('inside', once, () =>
    orFail('inside'),
  ),
];

const parentAndChild = (of: number): readonly AnyFlow[] => {
  const inner = new Flow('inner', { version: of }).step('inside', once, () =>
    orFail('inside'),
  );
  return [
    new Flow('outer', { version: of })
      .child('child', inner, { input: () => null })
      .step('after', { ...once, dependsOn: ['child'] }, ({ outputs }) => {
        expect(outputs.child).toBe('inside');
        return called('after');
      }),
    inner,
  ];
};

const napping =
  (name: string) =>
  (of: number): readonly AnyFlow[] => [
    new Flow(name, { version: of })
      .sleep('nap', { seconds: 600 })
      .step('after', { ...once, dependsOn: ['nap'] }, () => called('after')),
  ];

const approval = (of: number): readonly AnyFlow[] => [
  new Flow('approval', { version: of })
    .waitFor('approved', { timeoutSeconds: 600 })
    .step('after', { ...once, dependsOn: ['approved'] }, ({ outputs }) => {
      expect(outputs.approved).toBe('yes');
      return called('after');
    }),
];

const signal = async ({ id }: World): Promise<void> => {
  await signalFlow(testConnection().manager, id, 'approved', 'yes', {
    key: 'one',
  });
};

/** Whoever asks again may hear that it was done. */
const unlessDone = (error: unknown): void => {
  if (!(error instanceof RunStateError)) throw error;
};

const startAndWork = async (world: World): Promise<void> => {
  await world.start();
  await world.work();
};
const work = (world: World): Promise<void> => world.work();
const start = (world: World): Promise<void> => world.start();

/** A run that has begun to wait, and whose time is up. */
const dueAgain = async (world: World): Promise<void> => {
  await startAndWork(world);
  await timePasses(world);
  await world.take();
};

const resume = ({ id }: World): Promise<void> =>
  resumeFlow(testConnection().manager, id, operator);

const sweep = async (): Promise<void> => {
  await sweepFlows(testConnection(), logger);
};

const again = {
  before: startAndWork,
  act: ({ id }: World) =>
    retryFlow(testConnection().manager, id, operator, { from: 'child' }).catch(
      unlessDone,
    ),
  isAgain: true,
};

const retried = {
  before: async (world: World) => {
    journal.isFailing = true;
    await startAndWork(world);
    journal.isFailing = false;
  },
  act: ({ id }: World) =>
    retryFlow(testConnection().manager, id, operator).catch(unlessDone),
  mayFail: true,
};

const isClaimOfJobs = (text: string): boolean =>
  text.includes("update job set state = 'running'");

/** Whether a run was cancelled is asked by the clock, and changes nothing. */
export const isOfFlows = (text: string): boolean =>
  !isClaimOfJobs(text) &&
  !text.includes("id = any($1::uuid[]) and state = 'cancelled'");

export const scenarios: Readonly<Record<string, Scenario>> = {
  'a start': {
    flows: (of) => [
      new Flow('start', { version: of }).step('only', once, () =>
        called('only'),
      ),
    ],
    act: start,
    calls: ['only'],
  },
  'tasks and their fan-in': {
    flows: (of) => [
      new Flow('tasks', { version: of })
        .step('first', once, () => called('first'))
        .step('other', once, ({ log }) => {
          log('a line');
          return called('other');
        })
        .step('last', { ...once, dependsOn: ['first', 'other'] }, () =>
          called('last'),
        ),
    ],
    before: start,
    act: work,
    calls: ['first', 'last', 'other'],
  },
  'a transactional task': {
    flows: (of) => [
      new Flow('transactional', { version: of })
        .step('write', effect, write)
        .step('after', { ...once, dependsOn: ['write'] }, () =>
          called('after'),
        ),
    ],
    before: start,
    act: work,
    calls: ['after'],
    effects: 1,
    mayFail: true,
  },
  'a map': {
    flows: (of) => [
      new Flow('map', { version: of })
        .map('each', { ...once, items: () => ['a', 'b'] }, ({ item }) =>
          called(item),
        )
        .step('sum', { ...once, dependsOn: ['each'] }, ({ outputs }) => {
          expect(outputs.each).toEqual(['a', 'b']);
          return called('sum');
        }),
    ],
    before: start,
    act: work,
    calls: ['a', 'b', 'sum'],
  },
  'a transactional map': {
    flows: (of) => [
      new Flow('transactional-map', { version: of })
        .map('each', { ...effect, items: () => [1, 2] }, write)
        .step('sum', { ...once, dependsOn: ['each'] }, () => called('sum')),
    ],
    before: start,
    act: work,
    calls: ['sum'],
    effects: 2,
    mayFail: true,
  },
  'a sleep': {
    flows: napping('sleep'),
    before: start,
    act: work,
    calls: ['after'],
  },
  'a wake': {
    flows: napping('wake'),
    before: dueAgain,
    act: work,
    calls: ['after'],
  },
  'a wait for a signal': {
    flows: approval,
    before: start,
    act: work,
    after: signal,
    calls: ['after'],
  },
  'a signal': {
    flows: approval,
    before: startAndWork,
    act: signal,
    calls: ['after'],
  },
  'a wait that takes its signal': {
    flows: approval,
    before: async (world) => {
      await startAndWork(world);
      await signal(world);
      // One too many: the retry of the first must not take it.
      await signalFlow(testConnection().manager, world.id, 'approved', 'no');
    },
    act: work,
    calls: ['after'],
  },
  'a wait whose time is up': {
    flows: (of) => [
      new Flow('in-vain', { version: of })
        .waitFor('never', { timeoutSeconds: 600, onTimeout: 'skip' })
        .step('after', { ...once, dependsOn: ['never'] }, () =>
          called('after'),
        ),
    ],
    before: dueAgain,
    act: work,
    calls: ['after'],
    mayFail: true,
  },
  'a failure that is skipped': {
    flows: (of) => [
      new Flow('skipped', { version: of })
        .step('may', { ...once, onExhausted: 'skip' }, () => orFail('may'))
        .step('after', { ...once, dependsOn: ['may'] }, () => called('after')),
    ],
    before: (world) => {
      journal.isFailing = true;
      return world.start();
    },
    act: work,
    calls: ['after'],
    mayFail: true,
  },
  'a pause': {
    flows: alone,
    before: start,
    act: ({ id }) =>
      pauseFlow(testConnection().manager, id, operator).catch(unlessDone),
    after: async (world) => {
      await world.work();
      expect(journal.calls).toEqual([]);
      await resume(world);
    },
    calls: ['inside'],
  },
  'a resume': {
    flows: alone,
    before: async (world) => {
      await world.start();
      await pauseFlow(testConnection().manager, world.id, operator);
      await world.work();
    },
    act: (world) => resume(world).catch(unlessDone),
    calls: ['inside'],
  },
  'a sweep': {
    flows: alone,
    before: async (world) => {
      await world.start();
      await sql('delete from job where name = any($1)', [world.jobs]);
    },
    act: sweep,
    calls: ['inside'],
  },
  'the start and the end of a child': {
    flows: parentAndChild,
    before: start,
    act: work,
    calls: ['after', 'inside'],
  },
  'a failure': {
    flows: alone,
    before: (world) => {
      journal.isFailing = true;
      return world.start();
    },
    act: work,
    state: 'failed',
    calls: [],
    failures: 1,
    mayFail: true,
  },
  'the failure of a child': {
    flows: parentAndChild,
    commitsOnly: true,
    before: (world) => {
      journal.isFailing = true;
      return world.start();
    },
    act: work,
    state: 'failed',
    calls: [],
    failures: 2,
    mayFail: true,
  },
  'a cancel': {
    flows: (of) => {
      const inner = new Flow('cancelled-inner', { version: of }).waitFor(
        'never',
        {},
      );
      return [
        new Flow('cancelled', { version: of }).child('child', inner, {
          input: () => null,
        }),
        inner,
      ];
    },
    before: startAndWork,
    act: ({ id }) =>
      cancelFlow(testConnection().manager, id, operator).catch(unlessDone),
    // Its child, if nobody came to that.
    after: sweep,
    state: 'cancelled',
    calls: [],
  },
  'a retry': { ...retried, flows: alone, calls: ['inside'] },
  'a retry of a child': {
    ...retried,
    flows: parentAndChild,
    commitsOnly: true,
    calls: ['after', 'inside'],
  },
  'a retry of what has completed': {
    ...again,
    flows: parentAndChild,
    commitsOnly: true,
    calls: ['after', 'after', 'inside', 'inside'],
  },
  'a claim of jobs': {
    flows: alone,
    counts: isClaimOfJobs,
    before: start,
    act: work,
    calls: ['inside'],
  },
};
