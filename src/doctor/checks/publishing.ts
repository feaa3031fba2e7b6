import type { Check, Finding } from '../check.ts';
import { counted, roughAge } from '../text.ts';

/** The streamer says every ten seconds what it cannot publish; after this many it is gone, or mute. */
const fresh = 60;

/** Seconds after which nobody may hope any more that it passes by itself. */
const patience = 60;

interface HeldUpRow {
  readonly topic: string;
  readonly reason: string;
  readonly keys: number;
  /** Seconds. */
  readonly held: number;
  readonly unseen: number;
}

const heldUpQuery = `
  select topic, reason, keys, extract(epoch from now() - since)::float8 as held,
    extract(epoch from now() - seen_at)::float8 as unseen
  from cdc_held_up where slot = $1 order by since, topic limit 20`;

const notFound = /\bNOT_FOUND\b/;

const findingOf = ({
  topic,
  reason,
  keys,
  held,
  unseen,
}: HeldUpRow): Finding => {
  const message =
    `Topic ${topic} takes no messages of ${counted(keys, 'key')} since ${roughAge(held)}: ${reason.replace(/\.$/, '')}. ` +
    'They wait in their order; what the slot has confirmed stands still until they are published.';
  if (unseen > fresh)
    return {
      level: 'note',
      message: `${message} So the streamer said ${roughAge(unseen)} ago, and nothing since.`,
    };
  return {
    level: held > patience ? 'broken' : 'warning',
    message,
    remedy: notFound.test(reason)
      ? 'nightshift provision'
      : 'mend what the reason names; the streamer tries again by itself',
  };
};

/** The broker takes what the streamer publishes, of every topic and key. */
export const publishingCheck: Check = {
  name: 'publishing',
  needs: ['database'],
  run: async ({ query, slot }) => {
    const rows = await query<HeldUpRow>(heldUpQuery, [slot]);
    if (rows.length > 0) return rows.map(findingOf);
    return [
      {
        level: 'ok',
        message: 'No topic is known to refuse what the streamer publishes.',
      },
    ];
  },
};
