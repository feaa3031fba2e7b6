import { useState } from 'react';

import { Confirmed } from '../parts/confirm.tsx';
import { plural } from '../parts/format.ts';
import { useRight } from '../session/operator.ts';
import {
  cancelDocument,
  pauseDocument,
  resumeDocument,
  retryDocument,
  type Run,
  signalDocument,
} from './documents.ts';

/** Lines of the payload that are seen at once. */
const fewestLines = 3;
const mostLines = 12;

const Signal = ({
  id,
  step,
  example,
  onDone,
}: {
  readonly id: string;
  readonly step: string;
  /** What it may carry, to be filled in. */
  readonly example: string;
  readonly onDone: () => void;
}) => {
  const [payload, setPayload] = useState(example);
  const lines = example.split('\n').length;
  return (
    <Confirmed
      name={`Signal ${step}`}
      title={`Signal ${step}`}
      says={`The step ${step} waits for a signal. It ends with this one, and what depends on it begins.`}
      document={signalDocument}
      variables={{ id, step, payload }}
      onDone={onDone}
    >
      <label>
        What the signal carries, as JSON
        <textarea
          rows={Math.min(mostLines, Math.max(fewestLines, lines))}
          value={payload}
          onChange={(event) => setPayload(event.target.value)}
        />
      </label>
    </Confirmed>
  );
};

/** What can be done with a run as it is. */
export const RunActions = ({
  run: { run, steps },
  onDone,
}: {
  readonly run: Run;
  readonly onDone: () => void;
}) => {
  const may = useRight('flows');
  if (!may) return null;
  const { id, state, flow } = run;
  const common = { variables: { id }, onDone };
  const left = plural(run.steps - run.done, 'step has', 'steps have');
  return (
    <>
      {state === 'running' &&
        steps
          .filter((step) => step.kind === 'wait' && step.state === 'waiting')
          .map(({ name, signalExample }) => (
            <Signal
              key={name}
              id={id}
              step={name}
              example={signalExample ?? 'null'}
              onDone={onDone}
            />
          ))}
      {state === 'running' && (
        <Confirmed
          name="Pause"
          title={`Pause this run of ${flow}`}
          says={`No more steps begin; those that run go on to their end. ${left} not ended.`}
          document={pauseDocument}
          {...common}
        />
      )}
      {state === 'paused' && (
        <Confirmed
          name="Resume"
          title={`Resume this run of ${flow}`}
          says={`It goes on from where it was. ${left} not ended.`}
          document={resumeDocument}
          {...common}
        />
      )}
      {(state === 'failed' || state === 'cancelled') && (
        <Confirmed
          name="Retry"
          title={`Retry this run of ${flow}`}
          says="The failed steps run again with all their attempts, and everything below them. What completed keeps its output; its entries at the desk are closed."
          document={retryDocument}
          {...common}
        />
      )}
      {(state === 'running' || state === 'paused') && (
        <Confirmed
          name="Cancel the run"
          title={`Cancel this run of ${flow}`}
          says={`Nothing more begins, what runs is aborted, and its children end, too. ${left} not ended.`}
          document={cancelDocument}
          {...common}
        />
      )}
    </>
  );
};
