/** What sample texts are made of. */

export const sources = [
  ['queue-notes', 'Queue Notes'],
  ['database-weekly', 'Database Weekly'],
  ['frontend-field-guide', 'Frontend Field Guide'],
  ['operations-diary', 'Operations Diary'],
  ['type-systems', 'Type Systems'],
  ['open-source-digest', 'Open Source Digest'],
] as const;

export const roles = [
  'reader',
  'writer',
  'maintainer',
  'reviewer',
  'tester',
  'student',
] as const;

export const timezones = [
  'Etc/UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Tokyo',
  'Africa/Nairobi',
  'America/Sao_Paulo',
] as const;

export const titles = [
  'What {a} taught us about {b}',
  'Moving from {a} to {b}, one table at a time',
  'Five mistakes we made with {a}',
  'A gentle introduction to {a}',
  '{a} and {b}: when to use which',
  'How we made {a} ten times faster',
  'Testing {a} without mocks',
  'The hidden cost of {a}',
] as const;

export const subjects = [
  'transactional outboxes',
  'change data capture',
  'connection pools',
  'strict types',
  'dead letters',
  'idempotent handlers',
  'ordering keys',
  'database migrations',
  'graceful shutdown',
  'query plans',
  'feature flags',
  'structured logs',
] as const;

export const sentences = [
  'The first version lost one message in a million, and nobody could say which.',
  'Measure **before** you change anything; our guess was wrong by a factor of forty.',
  'It took a week to find and one line to mend.',
  'We keep the old path for a release, behind a flag, and compare both answers.',
  'A retry is only safe if the effect is *idempotent*.',
  'The index was there all along; the planner had no reason to use it.',
  'Write down what may be lost, in the transaction that would lose it.',
  'Nobody reads a dashboard at night: the alert has to say what to do.',
] as const;

export const remarks = [
  'This matches what we saw, down to the numbers.',
  'Did you try it with a **larger** batch?',
  'The second half deserves a post of its own.',
  'We went the other way and regretted it:\n\n- more moving parts\n- no way back',
  'How does it behave when the connection drops in the middle?',
  'Thanks, the part about `lock_timeout` saved me an evening.',
  'I would add that the default is rarely right.',
] as const;

export const replies = [
  'Good question. It waits, then gives up after five seconds.',
  'Yes, and it made no difference.',
  'Agreed.',
  'That is fixed in the newest version.',
] as const;

export const opportunities = [
  'Backend engineer, messaging',
  'Database engineer',
  'Frontend engineer, editor',
  'Site reliability engineer',
  'Developer advocate',
] as const;
