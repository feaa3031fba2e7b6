import { PermanentError } from '../dead-letters/permanent-error.ts';
import { didYouMean } from '../events/similar-names.ts';

/** A flow is started with something else than it expects. Nothing was written. */
export class InvalidFlowInputError extends Error {
  override readonly name = 'InvalidFlowInputError';

  /** @param problems paths and messages, without values. */
  constructor(
    readonly flow: string,
    readonly problems: readonly string[],
  ) {
    super(`the input of the flow ${flow}: ${problems.join('; ')}`);
  }
}

/** A signal carries something else than the step expects, or names no step that waits. Nothing was written. */
export class InvalidSignalError extends Error {
  override readonly name = 'InvalidSignalError';

  constructor(
    readonly run: string,
    readonly signal: string,
    problem: string,
  ) {
    super(`the signal ${JSON.stringify(signal)} to the run ${run}: ${problem}`);
  }
}

/** There is no run of this id; perhaps retention has deleted it. */
export class UnknownRunError extends Error {
  override readonly name = 'UnknownRunError';

  constructor(readonly run: string) {
    super(
      `expected the id of a flow's run, got ${JSON.stringify(run)}; nightshift flows list shows them`,
    );
  }
}

/** No flow of this name is registered. */
export class UnknownFlowError extends Error {
  override readonly name = 'UnknownFlowError';

  constructor(
    readonly flow: string,
    known: readonly string[],
  ) {
    super(
      `expected the name of a registered flow, got ${JSON.stringify(flow)}; ` +
        didYouMean(
          flow,
          known,
          'register it in src/flows/definitions/index.ts',
        ),
    );
  }
}

/** A run is in a state in which this cannot be done. Nothing was changed. */
export class RunStateError extends Error {
  override readonly name = 'RunStateError';

  constructor(
    readonly run: string,
    readonly state: string,
    readonly expected: readonly string[],
  ) {
    super(
      `expected the run ${run} to be ${expected.join(' or ')}, but it is ${state}`,
    );
  }
}

/** A run has no step of this name. Nothing was changed. */
export class UnknownStepOfRunError extends Error {
  override readonly name = 'UnknownStepOfRunError';

  constructor(
    readonly run: string,
    readonly step: string,
    known: readonly string[],
  ) {
    super(
      `expected a step of the run ${run}, got ${JSON.stringify(step)}; it has ${known.slice(0, 50).join(', ')}`,
    );
  }
}

/** The plan of a run has a step that the code has not. Register the version that the run began with. */
export class UnknownStepError extends Error {
  override readonly name = 'UnknownStepError';

  constructor(
    readonly flow: string,
    readonly version: number,
    readonly step: string,
    kind: string,
  ) {
    super(
      `expected the flow ${flow}, version ${version}, to have the step ${step} (${kind}), as when the run began; ` +
        'register the version that the run began with, and raise the version with every change of steps',
    );
  }
}

/** What a handler returned, or found as items, cannot be kept. */
export class UnkeepableOutputError extends PermanentError {
  override readonly name = 'UnkeepableOutputError';

  constructor(
    readonly flow: string,
    readonly step: string,
    why: string,
  ) {
    super(
      `expected the step ${step} of ${flow} to return something that can be kept, but ${why}; return ids or a summary`,
    );
  }
}

/** What the steps before returned is more together than a step can be given. */
export class FanInTooLargeError extends PermanentError {
  override readonly name = 'FanInTooLargeError';

  /** @param from the step that most of it is from */
  constructor(
    readonly step: string,
    readonly from: string,
    readonly bytes: number,
    largest: number,
  ) {
    super(
      `expected the outputs that ${step} depends on to be at most ${largest} bytes together, got ${bytes}, ` +
        `most of them from ${from}; let it write what it makes, and return ids or a summary`,
    );
  }
}

/** What the last step of a run put out is more than can be read, or given to the step whose child it is. */
export class RunOutputTooLargeError extends PermanentError {
  override readonly name = 'RunOutputTooLargeError';

  constructor(
    readonly run: string,
    readonly bytes: number,
    largest: number,
  ) {
    super(
      `expected the output of the run ${run} to be at most ${largest} bytes, got ${bytes}; ` +
        'let its last step write what it makes, and return ids or a summary',
    );
  }
}

/** No signal came in time. */
export class WaitTimeoutError extends PermanentError {
  override readonly name = 'WaitTimeoutError';

  constructor(
    readonly step: string,
    readonly seconds: number | null,
  ) {
    super(`expected a signal ${step} within ${seconds} s, but none came`);
  }
}

/** The run that a step waited for has not completed. Retry the step, and its run is retried with it. */
export class ChildFailedError extends PermanentError {
  override readonly name = 'ChildFailedError';

  constructor(
    readonly run: string,
    readonly state: string,
  ) {
    super(`expected the child run ${run} to complete, but it is ${state}`);
  }
}

/** Another run of the task owns it by now, or its run was cancelled: what this one did is rolled back. */
export class TaskLostError extends Error {
  override readonly name = 'TaskLostError';

  constructor(readonly task: string) {
    super(
      `expected to own ${task} until its end, but another process took it over, or the run was cancelled`,
    );
  }
}

/** The run of a task was cancelled; the reason of its signal. */
export class RunCancelledError extends Error {
  override readonly name = 'RunCancelledError';

  constructor(readonly run: string) {
    super(`the run ${run} was cancelled`);
  }
}
