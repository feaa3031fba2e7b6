/** The settings of a Java properties file. Backslashes escape, as in Java; lines are not continued. */
export const parseProperties = (text: string): Map<string, string> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#'))
      .map((line) => {
        const separator = line.indexOf('=');
        return [
          line.slice(0, separator),
          line.slice(separator + 1).replace(/\\(.)/g, '$1'),
        ] as const;
      }),
  );

export const formatProperties = (
  properties: ReadonlyMap<string, string>,
): string =>
  [...properties]
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');

/** How Debezium Server hands its settings to the engine: prefixes, in the order in which they are tried. */
const prefixes: readonly (readonly [string, string])[] = [
  ['debezium.source.', ''],
  ['debezium.format.key.', 'key.converter.'],
  ['debezium.format.value.', 'value.converter.'],
  ['debezium.format.header.', 'header.converter.'],
  ['debezium.transforms', 'transforms'],
  ['debezium.predicates', 'predicates'],
];

/** The engine's settings in those of Debezium Server; those of the sink and the formats' names are left out. */
export const engineProperties = (
  server: ReadonlyMap<string, string>,
): Map<string, string> => {
  const engine = new Map<string, string>();
  for (const [name, value] of server) {
    const prefix = prefixes.find(([from]) => name.startsWith(from));
    if (prefix)
      engine.set(
        prefix[1] + name.slice(prefix[0].length),
        value.replaceAll('$$', '$'),
      );
  }
  return engine;
};
