import { bytes, duration, plural } from '../parts/format.ts';
import { Panel } from '../parts/page.tsx';
import type { Overview } from './document.ts';

const names: Readonly<Record<string, string>> = {
  slot: 'Slot, the whole way',
  decode: '1. Decode the log',
  publish: '2. Publish',
  ack: '3. Be acknowledged',
  effect: '4. Take effect',
};

/** The way of a change from the log of the database to its handlers, and where it waits. */
export const Replication = ({
  replication: {
    sentence,
    stations,
    bottleneck,
    active,
    reader,
    retainedBytes,
  },
}: {
  readonly replication: Overview['replication'];
}) => (
  <Panel
    title="From the log to the effect"
    aside={
      active
        ? `${reader ?? 'somebody'} reads the slot, which keeps ${bytes(retainedBytes)}`
        : 'nobody reads the slot'
    }
  >
    <p>{sentence}</p>
    {stations.length > 0 && (
      <ol className="chain">
        {stations.map(({ name, waiting, unit, seconds, sentence }) => (
          <li key={name} className={name === bottleneck ? 'holds' : ''}>
            <b>{names[name] ?? name}</b>
            <span className="figure">{duration(seconds)}</span>
            <span className="quiet">
              {unit === 'bytes' ? bytes(waiting) : plural(waiting, 'message')}
              {' waiting'}
              {name === bottleneck && ': holds up the others'}
            </span>
            <span className="visually-hidden">{sentence}</span>
          </li>
        ))}
      </ol>
    )}
  </Panel>
);
