import { type FormEvent, useState } from 'react';

import { useAction } from '../api/use-action.ts';
import { useQuery } from '../api/use-query.ts';
import { ReasonField } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { count } from '../parts/format.ts';
import { Link } from '../router.tsx';
import {
  actionDocument,
  type BulkTarget,
  previewDocument,
  type StartDocument,
  startDocuments,
} from './documents.ts';
import { Progress } from './progress.tsx';
import { things, words } from './words.ts';

/** What would be touched is counted when the dialog opens. */
const never = 3_600_000;
const usualRate = 20;
/** Milliseconds between two looks at what runs. */
const often = 1_000;

const variablesOf = (target: BulkTarget) => {
  switch (target.kind) {
    case 'redriveDeadLetters':
    case 'resolveDeadLetters':
      return { kind: target.kind, deadLetters: target.choice };
    case 'retryJobs':
    case 'cancelJobs':
      return { kind: target.kind, jobs: target.choice };
    case 'retryFlows':
    case 'cancelFlows':
      return { kind: target.kind, flows: target.choice };
  }
};

/** The action that was begun, followed until it ends. */
const Begun = ({
  id,
  onClose,
}: {
  readonly id: string;
  readonly onClose: () => void;
}) => {
  const { data, failure } = useQuery(actionDocument, { id }, often);
  const action = data?.bulkAction.action;
  return (
    <>
      <Failure failure={failure} />
      {action && <Progress action={action} />}
      <p>
        It goes on without this page:{' '}
        <Link to={`/bulk-actions/${id}`}>the action</Link>.
      </p>
      <div className="buttons">
        <button type="button" className="primary" onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
};

/** Counts what an action would touch, asks why, and begins it as a job. */
export const BeginBulk = ({
  target,
  initialReason = '',
  onClose,
}: {
  readonly target: BulkTarget;
  readonly initialReason?: string;
  readonly onClose: () => void;
}) => {
  const { kind } = target;
  const { does, path } = words[kind];
  const preview = useQuery(previewDocument, variablesOf(target), never);
  // Each kind has a choice of its own, which `BulkTarget` keeps together with it.
  const document = startDocuments[kind] as StartDocument;
  const { run, busy, failure } = useAction(document);
  const [reason, setReason] = useState(initialReason);
  const [rate, setRate] = useState(usualRate);
  const [begun, setBegun] = useState<string>();
  const found = preview.data?.bulkPreview;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const answer = await run({
      choice: target.choice as never,
      rate,
      reason: reason.trim(),
    });
    if (answer) setBegun(answer.started.id);
  };
  if (begun !== undefined) return <Begun id={begun} onClose={onClose} />;
  const seconds = found ? Math.ceil(found.matching / rate) : 0;
  const isTooMany = found !== undefined && found.matching > found.most;
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Failure failure={preview.failure ?? failure} />
      {!found && !preview.failure && <p className="quiet">Counting …</p>}
      {found?.matching === 0 && <p>Nothing is left to do.</p>}
      {isTooMany && (
        <p className="notice warning">
          {things(kind, found.matching)} are meant, and one action touches at
          most {count(found.most)}. Narrow the filter.
        </p>
      )}
      {found && found.matching > 0 && !isTooMany && (
        <>
          <p data-testid="touched">
            {things(kind, found.matching)} will be touched
            {found.groups.length > 1 ? ', the most of them:' : ':'}
          </p>
          <ul className="touched">
            {found.groups.slice(0, 5).map(({ label, items }) => (
              <li key={label}>
                {count(items)} <span className="break">{label}</span>
              </li>
            ))}
          </ul>
          <p className="quiet">
            The first:{' '}
            {found.sample.map((id, index) => (
              <span key={id}>
                {index > 0 && ', '}
                <Link to={`${path}/${id}`}>
                  <span className="id">{id.slice(-12)}</span>
                </Link>
              </span>
            ))}
          </p>
          <label>
            How many a second
            <input
              type="number"
              min={1}
              max={500}
              value={rate}
              onChange={(event) =>
                setRate(Math.max(1, Number(event.target.value) || 1))
              }
            />
          </label>
          <p className="quiet">
            It takes about{' '}
            {seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`},
            as a job that can be cancelled and that goes on without this page.
          </p>
          <ReasonField reason={reason} onChange={setReason} required />
        </>
      )}
      <div className="buttons">
        <button type="button" onClick={onClose}>
          Close
        </button>
        {found && found.matching > 0 && !isTooMany && (
          <button type="submit" className="primary" disabled={busy}>
            {does} {things(kind, found.matching)}
          </button>
        )}
      </div>
    </form>
  );
};
