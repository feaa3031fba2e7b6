import type { z } from 'zod';

import type { AnyFlow, StepDefinition, StepWork } from './definition.ts';
import type { ItemContext, Known, StepContext } from './context.ts';
import type {
  AttemptOptions,
  ChildOptions,
  FlowOptions,
  OnExhausted,
  OrderOptions,
  SleepOptions,
  StepOptions,
  WaitOptions,
} from './options.ts';
import { checkFlow, checkStep } from './check.ts';
import { plannedStep } from './planned-step.ts';
import type { Stored } from './stored.ts';

/** A step's output, as whoever depends on it finds it. */
type Output<Returned, Decides, End extends OnExhausted> =
  | Stored<Awaited<Returned>>
  | ([Decides] extends [never] ? never : undefined)
  | ('skip' extends End ? undefined : never);

type Items<Returned, Decides, End extends OnExhausted> =
  | (Stored<Awaited<Returned>> | ('skip' extends End ? null : never))[]
  | ([Decides] extends [never] ? never : undefined);

/** A name that no earlier step has. */
type Fresh<Name extends string, Outputs> = Name extends keyof Outputs
  ? never
  : Name;

/** The input of a flow, and what its last step puts out. */
export type InputOf<F> = F extends { readonly types?: { input: infer Input } }
  ? Input
  : never;
export type OutputOf<F> = F extends {
  readonly types?: { output: infer Result };
}
  ? Result
  : never;

/**
 * Multi-step work that survives every process: steps in the order in which they are written, each after
 * those it depends on. Describes only; `startFlow` begins a run.
 *
 * A step may only depend on earlier ones, so that a circle cannot be written. What a handler returns is
 * stored as JSON (at most 1 MB) and given to the handlers of the steps that depend on it. The output of the
 * flow is that of its last step.
 *
 * @example
 * const welcome = new Flow<{ userId: string }>('welcome')
 *   .step('load', {}, async ({ input, con }) => loadUser(con, input.userId))
 *   .step('store', { dependsOn: ['load'], transactional: true }, async ({ outputs, manager }) =>
 *     manager.insert(Greeting, { name: outputs.load.name }));
 */
export class Flow<
  Input,
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- no step yet
  Outputs extends object = {},
  Result = undefined,
> implements AnyFlow {
  /** Of the compiler alone; never set. */
  declare readonly types?: { input: Input; outputs: Outputs; output: Result };
  readonly version: number;
  readonly inputSchema: z.ZodType<Input> | undefined;
  readonly steps: readonly StepDefinition[];

  /**
   * @param name letters, digits and dashes, at most 60.
   * @throws InvalidFlowError
   */
  constructor(
    readonly name: string,
    options: FlowOptions<Input> = {},
    steps: readonly StepDefinition[] = [],
  ) {
    this.version = options.version ?? 1;
    this.inputSchema = options.input;
    this.steps = steps;
    checkFlow(this);
  }

  /**
   * Work that is done at least once, or, if it is transactional, once.
   *
   * @throws InvalidFlowError, as all of these do
   */
  step<
    const Name extends string,
    Returned,
    const Dep extends keyof Outputs & string = never,
    const Transactional extends boolean = false,
    Decides extends boolean = never,
    const End extends OnExhausted = 'fail',
  >(
    name: Name & Fresh<Name, Outputs>,
    options: StepOptions<
      Input,
      Pick<Outputs, Dep>,
      Dep,
      Transactional,
      Decides,
      End
    >,
    handler: (
      context: StepContext<Input, Pick<Outputs, Dep>, Transactional>,
    ) => Returned,
  ): Flow<
    Input,
    Outputs & Record<Name, Output<Returned, Decides, End>>,
    Output<Returned, Decides, End>
  > {
    return this.#with(name, options, {
      kind: 'task',
      ...(options.when && { when: options.when as never }),
      handler: handler,
    });
  }

  /**
   * The same work for each of some items (at most 10,000), any number at once. Whoever depends on it finds
   * the outputs in the order of the items; where exhausted items are skipped, `null` in their places.
   */
  map<
    const Name extends string,
    Returned,
    Item,
    const Dep extends keyof Outputs & string = never,
    const Transactional extends boolean = false,
    Decides extends boolean = never,
    const End extends OnExhausted = 'fail',
  >(
    name: Name & Fresh<Name, Outputs>,
    options: StepOptions<
      Input,
      Pick<Outputs, Dep>,
      Dep,
      Transactional,
      Decides,
      End
    > & {
      readonly items: (
        known: Known<Input, Pick<Outputs, Dep>>,
      ) => readonly Item[] | Promise<readonly Item[]>;
    },
    handler: (
      context: ItemContext<Input, Stored<Item>, Transactional>,
    ) => Returned,
  ): Flow<
    Input,
    Outputs & Record<Name, Items<Returned, Decides, End>>,
    Items<Returned, Decides, End>
  > {
    return this.#with(name, options, {
      kind: 'map',
      ...(options.when && { when: options.when as never }),
      items: options.items,
      handler: handler,
    });
  }

  /** Waits for a signal of this step's name (`signalFlow`), sent before or after it begins to wait. */
  waitFor<
    const Name extends string,
    const Dep extends keyof Outputs & string = never,
    Payload extends z.ZodType = z.ZodUnknown,
    Decides extends boolean = never,
    const End extends OnExhausted = 'fail',
  >(
    name: Name & Fresh<Name, Outputs>,
    options: WaitOptions<
      Input,
      Pick<Outputs, Dep>,
      Dep,
      Payload,
      Decides,
      End
    > = {},
  ): Flow<
    Input,
    Outputs & Record<Name, Output<z.output<Payload>, Decides, End>>,
    Output<z.output<Payload>, Decides, End>
  > {
    const { timeoutSeconds, onTimeout, when, payload, ...order } = options;
    return this.#with(
      name,
      { ...order, ...(onTimeout && { onExhausted: onTimeout }) },
      {
        kind: 'wait',
        ...(when && { when: when as never }),
        ...(payload && { payload }),
      },
      { waitSeconds: timeoutSeconds ?? null },
    );
  }

  /** Lets time pass, by the clock of the database. Its output is `null`. */
  sleep<
    const Name extends string,
    const Dep extends keyof Outputs & string = never,
  >(
    name: Name & Fresh<Name, Outputs>,
    options: SleepOptions<Input, Pick<Outputs, Dep>, Dep>,
  ): Flow<Input, Outputs & Record<Name, null>, null> {
    const { seconds, ...order } = options;
    return this.#with(name, order, {
      kind: 'sleep',
      seconds: typeof seconds === 'function' ? seconds : () => seconds,
    });
  }

  /** Starts a run of another flow and waits for its end; its output is the child's. Cancelled with its parent. */
  child<
    const Name extends string,
    ChildInput,
    ChildResult,
    const Dep extends keyof Outputs & string = never,
    const End extends OnExhausted = 'fail',
  >(
    name: Name & Fresh<Name, Outputs>,
    flow:
      | Flow<ChildInput, never, ChildResult>
      | Flow<ChildInput, object, ChildResult>,
    options: ChildOptions<Input, Pick<Outputs, Dep>, Dep, ChildInput> &
      Pick<AttemptOptions<End>, 'onExhausted'>,
  ): Flow<
    Input,
    Outputs & Record<Name, Output<ChildResult, never, End>>,
    Output<ChildResult, never, End>
  > {
    const { input, ...rest } = options;
    return this.#with(
      name,
      rest,
      { kind: 'child', flow: flow, input: input },
      { childFlow: flow.name },
    );
  }

  #with<After extends object, Last>(
    name: string,
    options: OrderOptions<string> &
      AttemptOptions & { transactional?: boolean },
    work: StepWork,
    more: { waitSeconds?: number | null; childFlow?: string } = {},
  ): Flow<Input, After, Last> {
    const planned = plannedStep(name, work, options, more);
    checkStep(this, planned);
    return new Flow<Input, After, Last>(
      this.name,
      {
        version: this.version,
        ...(this.inputSchema && { input: this.inputSchema }),
      },
      [...this.steps, { planned, work }],
    );
  }
}
