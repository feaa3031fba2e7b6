import { plural } from '../parts/format.ts';
import type { BulkKind } from './documents.ts';

interface Words {
  /** Of the button, and of the list. */
  readonly does: string;
  /** What becomes of each. */
  readonly says: string;
  readonly one: string;
  readonly many: string;
  /** The address of one thing. */
  readonly path: string;
}

const entries = { one: 'entry', many: 'entries', path: '/dead-letters' };
const jobs = { one: 'job', many: 'jobs', path: '/jobs' };
const runs = { one: 'run', many: 'runs', path: '/flows' };

/** What is said of each kind. */
export const words: Readonly<Record<BulkKind, Words>> = {
  redriveDeadLetters: {
    ...entries,
    does: 'Redrive',
    says: 'Each message runs again through its handler, for the one subscription or queue that failed, in the order of publication. What fails stays open with its new error.',
  },
  resolveDeadLetters: {
    ...entries,
    does: 'Resolve',
    says: 'They are closed without being run: nothing is to be done about them.',
  },
  retryJobs: {
    ...jobs,
    path: '/dead-letters',
    does: 'Run again',
    says: 'Each job that failed for good runs once more. What fails stays at the desk with its new error.',
  },
  cancelJobs: {
    ...jobs,
    does: 'Cancel',
    says: 'What waits never begins. What runs gets its signal within seconds, and its end changes nothing.',
  },
  retryFlows: {
    ...runs,
    does: 'Retry',
    says: 'The failed steps run again with all their attempts, and everything below them. What completed keeps its output.',
  },
  cancelFlows: {
    ...runs,
    does: 'Cancel',
    says: 'Nothing more begins, what runs is aborted, and their children end, too.',
  },
};

/** `12 entries`. */
export const things = (kind: BulkKind, count: number): string =>
  plural(count, words[kind].one, words[kind].many);
