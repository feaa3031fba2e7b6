const width = 760;
const left = 190;
const longest = 400;
const bar = 24;

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What stands behind it. */
  readonly shown: string;
  readonly isOurs: boolean;
}

export interface Chart {
  readonly title: string;
  readonly bars: readonly Bar[];
  /** So that bars a thousand times as long leave the others to be seen. @default false */
  readonly isLogarithmic?: boolean;
}

const chart = (
  { title, bars, isLogarithmic = false }: Chart,
  top: number,
): string => {
  const scale = (value: number): number =>
    isLogarithmic ? Math.log10(1 + value) : value;
  const largest = Math.max(...bars.map(({ value }) => scale(value)), 1e-9);
  return (
    `<text x="16" y="${top}" font-weight="600">${title}</text>` +
    bars
      .map(({ label, value, shown, isOurs }, index) => {
        const y = top + 14 + index * (bar + 6);
        const size = Math.max(1, (scale(value) / largest) * longest);
        return (
          `<text x="${left - 10}" y="${y + 17}" text-anchor="end">${label}</text>` +
          `<rect x="${left}" y="${y}" width="${size.toFixed(1)}" height="${bar}" rx="3" fill="${isOurs ? '#2563eb' : '#9aa5b1'}"/>` +
          `<text x="${(left + size + 8).toFixed(1)}" y="${y + 17}">${shown}</text>`
        );
      })
      .join('')
  );
};

/** Horizontal bars, a chart below the other, as an SVG document. */
export const plot = (charts: readonly Chart[]): string => {
  let top = 32;
  const drawn = charts.map((each) => {
    const text = chart(each, top);
    top += 14 + each.bars.length * (bar + 6) + 30;
    return text;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" viewBox="0 0 ${width} ${top}" ` +
    `font-family="ui-sans-serif, system-ui, sans-serif" font-size="13">` +
    `<rect width="100%" height="100%" fill="#ffffff"/>${drawn.join('')}</svg>\n`
  );
};
