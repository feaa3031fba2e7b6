import {
  capturedTables,
  heartbeatTopic,
  outboxTable,
  publicationName,
  slotName,
  sourceName,
} from '../../src/cdc/tables.ts';

/** `api.v1.cdc-notifications` → `notifications`: what a topic's router is called. */
const routerOf = (topic: string): string =>
  topic
    .slice(topic.lastIndexOf('.') + 1)
    .replace(/^cdc-/, '')
    .replaceAll(/[^a-z]/g, '_');

/** A pattern of the source's tables; Java halves the backslashes, Quarkus the dollar signs. */
const pattern = (tables: string, end = ''): string =>
  `${sourceName}\\\\.public\\\\.${tables}${end}`;

/** The settings that the declaration of captured tables decides. */
const decided = (): Map<string, string> => {
  const topics = [...new Set(capturedTables.map(({ topic }) => topic))];
  const routers = topics.flatMap((topic): [string, string][] => {
    const setting = (name: string) =>
      `debezium.transforms.${routerOf(topic)}.${name}`;
    const tables = capturedTables
      .filter((captured) => captured.topic === topic)
      .map(({ table }) => table);
    return [
      [setting('type'), 'io.debezium.transforms.ByLogicalTableRouter'],
      [setting('predicate'), 'isTable'],
      [setting('topic.regex'), pattern(`(${tables.join('|')})`, '$$')],
      [setting('topic.replacement'), topic],
    ];
  });
  return new Map([
    ['debezium.source.name', sourceName],
    ['debezium.source.topic.prefix', sourceName],
    ['debezium.source.slot.name', slotName],
    ['debezium.source.publication.name', publicationName],
    [
      'debezium.source.table.include.list',
      [...capturedTables.map(({ table }) => table), outboxTable]
        .map((table) => `public.${table}`)
        .join(','),
    ],
    [
      'debezium.source.topic.heartbeat.prefix',
      heartbeatTopic.slice(0, -`.${sourceName}`.length),
    ],
    ['debezium.predicates.isOutbox.pattern', pattern(outboxTable)],
    ['debezium.predicates.isTable.pattern', pattern('.*')],
    ['debezium.transforms', ['outbox', ...topics.map(routerOf)].join(',')],
    ...routers,
  ]);
};

const isRouter = (name: string): boolean =>
  name.startsWith('debezium.transforms.') &&
  !name.startsWith('debezium.transforms.outbox.');

/**
 * Settings of Debezium Server with everything that follows from `src/cdc/tables.ts` written into them: tables,
 * slot, publication, names and a router a topic. Comments and other settings stay as they are.
 *
 * @param template Text of a properties file.
 */
export const renderDebezium = (template: string): string => {
  const settings = decided();
  const lines = template.split('\n').flatMap((line) => {
    const name = /^([^#=]+)=/.exec(line)?.[1];
    if (name === undefined) return [line];
    const value = settings.get(name);
    settings.delete(name);
    if (value !== undefined) return [`${name}=${value}`];
    return isRouter(name) ? [] : [line];
  });
  const added = [...settings].map(([name, value]) => `${name}=${value}`);
  return [...lines.join('\n').trimEnd().split('\n'), ...added, ''].join('\n');
};
