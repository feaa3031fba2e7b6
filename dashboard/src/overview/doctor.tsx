import { useState } from 'react';

import type { Queried } from '../api/use-query.ts';
import { Failure } from '../parts/failure.tsx';
import { Panel } from '../parts/page.tsx';
import { State } from '../parts/state.tsx';
import { Ago } from '../parts/time.tsx';
import type { DoctorAnswer } from './document.ts';

/** The doctor's findings as sentences: those to look at, and the others when asked for. */
export const Doctor = ({
  doctor: { data, failure },
}: {
  readonly doctor: Queried<DoctorAnswer>;
}) => {
  const [all, setAll] = useState(false);
  const findings = data?.doctor.findings ?? [];
  const troubles = findings.filter(
    ({ level }) => level === 'broken' || level === 'warning',
  );
  const shown = all ? findings : troubles;
  return (
    <Panel
      title="The doctor"
      aside={
        data?.doctor.available && (
          <>
            looked <Ago at={data.doctor.at} />
          </>
        )
      }
    >
      <Failure failure={failure} />
      {!data && !failure && <p className="quiet">The doctor is looking …</p>}
      {data && !data.doctor.available && (
        <p>This process cannot ask the doctor; run nightshift doctor.</p>
      )}
      {data?.doctor.available && (
        <>
          {troubles.length === 0 && <p>Nothing is broken.</p>}
          <ul className="findings">
            {shown.map(({ check, level, message, remedy }) => (
              <li key={`${check} ${message}`}>
                <State is={level} />
                <span className="break">
                  {message}
                  {remedy !== null && (
                    <span className="quiet"> → {remedy}</span>
                  )}
                </span>
              </li>
            ))}
          </ul>
          {findings.length > troubles.length && (
            <button
              type="button"
              className="plain"
              aria-expanded={all}
              onClick={() => setAll(!all)}
            >
              {all
                ? 'Show only what is to be done'
                : `Show all ${findings.length} findings`}
            </button>
          )}
        </>
      )}
    </Panel>
  );
};
