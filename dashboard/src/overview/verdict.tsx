import { State } from '../parts/state.tsx';
import type { Finding, Overview } from './document.ts';

/** Troubles shown; the rest is counted. */
const shown = 12;

const levelOf = (levels: readonly string[]): 'broken' | 'warning' | 'ok' =>
  levels.includes('broken')
    ? 'broken'
    : levels.includes('warning')
      ? 'warning'
      : 'ok';

const verdicts = {
  broken: 'Something is broken.',
  warning: 'It works, and somebody should look.',
  ok: 'Everything is all right.',
};

/** The answer in one line, and each trouble in a sentence. */
export const Verdict = ({
  troubles,
  findings,
}: {
  readonly troubles: Overview['troubles'];
  readonly findings: readonly Finding[];
}) => {
  const level = levelOf([...troubles, ...findings].map(({ level }) => level));
  return (
    <section className="panel" aria-label="Verdict">
      <p className="verdict" role="status">
        <State is={level} />
        {verdicts[level]}
      </p>
      {troubles.length > 0 && (
        <ul className="troubles">
          {troubles.slice(0, shown).map(({ level, sentence }) => (
            <li key={sentence}>
              <State is={level} />
              <span className="break">{sentence}</span>
            </li>
          ))}
          {troubles.length > shown && (
            <li>
              <span />
              <span className="quiet">
                and {troubles.length - shown} more of the kind
              </span>
            </li>
          )}
        </ul>
      )}
    </section>
  );
};
