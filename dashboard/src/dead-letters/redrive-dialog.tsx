import { useState } from 'react';

import type { ResultOf } from '../api/graphql.ts';
import { useAction } from '../api/use-action.ts';
import { useQuery } from '../api/use-query.ts';
import { BeginBulk } from '../bulk/begin.tsx';
import { Dialog, ReasonField } from '../parts/dialog.tsx';
import { Failure } from '../parts/failure.tsx';
import { plural } from '../parts/format.ts';
import { type Choice, previewDocument, redriveDocument } from './documents.ts';

type Report = ResultOf<typeof redriveDocument>['redriveDeadLetters'];

/** The preview is made when the dialog opens, and again after each step. */
const never = 3_600_000;

/** Why entries did not come through, each reason once. */
const reasonsOf = (reports: readonly Report[]): string[] => [
  ...new Set(
    reports.flatMap(({ results }) =>
      results.flatMap(({ outcome, error, reason }) =>
        outcome === 'redriven'
          ? []
          : [`${outcome}: ${error ?? reason ?? 'unknown'}`],
      ),
    ),
  ),
];

const Reports = ({ reports }: { readonly reports: readonly Report[] }) => {
  const sum = (of: 'redriven' | 'duplicates' | 'failed' | 'skipped') =>
    reports.reduce((total, report) => total + report[of], 0);
  const reasons = reasonsOf(reports);
  const hasFailed = sum('failed') + sum('skipped') > 0;
  return (
    <div
      className={`notice ${hasFailed ? 'warning' : ''}`}
      role="status"
      data-testid="report"
    >
      {sum('redriven')} redriven
      {sum('duplicates') > 0 &&
        ` (${sum('duplicates')} had taken effect before)`}
      , {sum('failed')} failed, {sum('skipped')} skipped.
      <ul>
        {reasons.slice(0, 5).map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
        {reasons.length > 5 && <li>and {reasons.length - 5} other reasons</li>}
      </ul>
    </div>
  );
};

const Preview = ({ choice }: { readonly choice: Choice }) => {
  const { data, failure } = useQuery(previewDocument, { choice }, never);
  if (failure) return <Failure failure={failure} />;
  if (!data) return <p className="quiet">Comparing with the handlers …</p>;
  const { matching, looked, fitting, refused } = data.redrivePreview;
  return (
    <div className="stack">
      <p data-testid="preview">
        {looked === 0
          ? 'Nothing is left to redrive.'
          : fitting === looked
            ? `Their handlers can read ${looked === matching ? 'all of them' : `all of the first ${looked}`}.`
            : `Of the first ${looked}, their handlers can read ${fitting}.`}
      </p>
      {refused.length > 0 && (
        <ul>
          {refused.map(({ reason, entries, example }) => (
            <li key={example} className="notice warning">
              {plural(entries, 'cannot', 'cannot')} be read: {reason}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
};

/** Runs stored messages again: what it will touch, one as a canary, then the rest. */
export const RedriveDialog = ({
  what,
  choice,
  onClose,
}: {
  readonly what: string;
  readonly choice: Choice;
  readonly onClose: () => void;
}) => {
  const { run, busy, failure } = useAction(redriveDocument);
  const [reason, setReason] = useState('');
  const [reports, setReports] = useState<readonly Report[]>([]);
  const [step, setStep] = useState<'canary' | 'rest' | 'done'>('canary');

  const redriveOne = async (): Promise<Report | undefined> => {
    const answer = await run({
      choice,
      limit: 1,
      reason: reason.trim() || null,
    });
    if (!answer) return undefined;
    const report = answer.redriveDeadLetters;
    setReports((before) => [...before, report]);
    return report;
  };
  const canary = async () => {
    const report = await redriveOne();
    if (!report) return;
    const isLast = report.chosen === 0 || choice.ids?.length === 1;
    if (report.redriven === 1 || report.chosen === 0)
      setStep(isLast ? 'done' : 'rest');
  };
  return (
    <Dialog title={`Redrive ${what}`} onClose={onClose}>
      <p>
        Each message runs again through its handler, for the one subscription or
        queue that failed, in the order of publication. Nothing is published to
        its topic. What fails stays open with its new error.
      </p>
      {step !== 'done' && <Preview key={reports.length} choice={choice} />}
      {reports.length > 0 && <Reports reports={reports} />}
      <Failure failure={failure} />
      {step === 'rest' && (
        <>
          <p>The canary came through. The rest may follow it.</p>
          <BeginBulk
            target={{ kind: 'redriveDeadLetters', choice }}
            initialReason={reason}
            onClose={onClose}
          />
        </>
      )}
      {step === 'canary' && (
        <ReasonField reason={reason} onChange={setReason} />
      )}
      {step !== 'rest' && (
        <div className="buttons">
          <button type="button" onClick={onClose} disabled={busy}>
            {reports.length > 0 ? 'Close' : 'Cancel'}
          </button>
          {step === 'canary' && (
            <button
              type="button"
              className="primary"
              disabled={busy}
              onClick={() => void canary()}
            >
              {busy ? 'Running …' : 'Redrive one, as a canary'}
            </button>
          )}
        </div>
      )}
    </Dialog>
  );
};
