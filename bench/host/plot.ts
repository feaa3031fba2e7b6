import { type Contender, contenders } from './contenders.ts';

interface Plotted {
  readonly drainPerSecond: number;
  readonly latencyP50: number;
  readonly latencyP99: number;
  readonly drainDuplicates: number;
  readonly slowDuplicates: number;
}

const WIDTH = 760;
const BAR = 26;
const LEFT = 150;
const LONGEST = 440;

const names: Record<Contender, string> = {
  'client-default': 'client, defaults',
  'client-best': 'client, best',
  host: 'host',
};
const colours: Record<Contender, string> = {
  'client-default': '#9aa5b1',
  'client-best': '#52606d',
  host: '#2563eb',
};

const section = (
  top: number,
  title: string,
  value: (contender: Contender) => number,
  label: (contender: Contender) => string,
): string => {
  const largest = Math.max(...contenders.map(value), 1e-9);
  const bars = contenders.map((contender, index) => {
    const y = top + 14 + index * (BAR + 6);
    const width = Math.max(1, (value(contender) / largest) * LONGEST);
    return (
      `<text x="${LEFT - 10}" y="${y + 18}" text-anchor="end">${names[contender]}</text>` +
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${colours[contender]}"/>` +
      `<text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 18}">${label(contender)}</text>`
    );
  });
  return `<text x="16" y="${top}" font-weight="600">${title}</text>${bars.join('')}`;
};

/** Draws the results as an SVG of horizontal bars. */
export const plot = (results: Record<Contender, Plotted>): string => {
  const sections = [
    section(
      32,
      'Drain, messages a second (more is better)',
      (contender) => results[contender].drainPerSecond,
      (contender) => results[contender].drainPerSecond.toLocaleString('en'),
    ),
    section(
      172,
      'Latency at 50 messages a second, p99 in ms (less is better)',
      (contender) => results[contender].latencyP99,
      (contender) =>
        `${results[contender].latencyP99} (p50 ${results[contender].latencyP50})`,
    ),
    section(
      312,
      'Messages delivered twice: drain + slow handlers (less is better)',
      (contender) =>
        results[contender].drainDuplicates + results[contender].slowDuplicates,
      (contender) =>
        `${results[contender].drainDuplicates} + ${results[contender].slowDuplicates}`,
    ),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="440" ` +
    `font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${sections.join('')}</svg>\n`
  );
};
