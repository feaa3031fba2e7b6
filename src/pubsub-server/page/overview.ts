import type { ServerOverview } from './server-overview.ts';

interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** How many columns at the end hold numbers. */
  readonly numbers: number;
}

const tables = ({
  topics,
  subscriptions,
  snapshots,
}: ServerOverview): Table[] => [
  {
    title: 'Topics',
    columns: ['project', 'topic', 'subscriptions'],
    rows: topics.map((topic) => [
      topic.project,
      topic.topic,
      String(topic.subscriptions),
    ]),
    numbers: 1,
  },
  {
    title: 'Subscriptions',
    columns: [
      'project',
      'subscription',
      'topic',
      'backlog',
      'outstanding',
      'oldest, s',
    ],
    rows: subscriptions.map((subscription) => [
      subscription.project,
      subscription.subscription,
      subscription.topic,
      String(subscription.backlog),
      String(subscription.outstanding),
      subscription.oldestUnackedSeconds.toFixed(1),
    ]),
    numbers: 3,
  },
  {
    title: 'Snapshots',
    columns: ['project', 'snapshot', 'topic', 'expires'],
    rows: snapshots.map((snapshot) => [
      snapshot.project,
      snapshot.snapshot,
      snapshot.topic,
      snapshot.expires,
    ]),
    numbers: 0,
  },
];

const heading = ({ address, storage }: ServerOverview): string =>
  `Pub/Sub server on ${address}, ${storage}`;

const textTable = ({ title, columns, rows, numbers }: Table): string => {
  if (rows.length === 0) return `${title}: none\n`;
  const widths = columns.map((column, index) =>
    rows.reduce(
      (width, row) => Math.max(width, row[index]?.length ?? 0),
      column.length,
    ),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) =>
        index < columns.length - numbers
          ? cell.padEnd(widths[index] ?? 0)
          : cell.padStart(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return `${title}\n${[columns, ...rows].map((row) => `  ${line(row)}\n`).join('')}`;
};

/** For terminals. */
export const overviewText = (overview: ServerOverview): string =>
  `${heading(overview)}\n\n${tables(overview).map(textTable).join('\n')}`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

const htmlTable = ({ title, columns, rows, numbers }: Table): string => {
  const line = (tag: 'th' | 'td', cells: readonly string[]): string =>
    `<tr>${cells
      .map(
        (cell, index) =>
          `<${tag}${index < columns.length - numbers ? '' : ' class="number"'}>${escapeHtml(cell)}</${tag}>`,
      )
      .join('')}</tr>`;
  return rows.length === 0
    ? `<h2>${title}</h2><p>none</p>`
    : `<h2>${title}</h2><table><thead>${line('th', columns)}</thead><tbody>${rows.map((row) => line('td', row)).join('\n')}</tbody></table>`;
};

/** For browsers: no scripts, nothing loaded. */
export const overviewHtml = (
  overview: ServerOverview,
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Pub/Sub ${escapeHtml(overview.address)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark; }
table { border-collapse: collapse; }
th, td { padding: .2rem 1.2rem .2rem 0; text-align: left; border-bottom: 1px solid #8884; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>${escapeHtml(heading(overview))}</h1>
${tables(overview).map(htmlTable).join('\n')}
<p><code>GET /stats</code> has the numbers as JSON, <code>GET /healthz</code> answers while the server runs.</p>
</body>
</html>
`;
