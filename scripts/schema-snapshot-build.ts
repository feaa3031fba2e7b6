import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { z } from 'zod';

import { topics } from '../src/common/typedPubsub.ts';
import type { TopicDefinition } from '../src/events/topic.ts';
import type { SchemaSnapshot } from './schema-snapshot-compare.ts';

const describeType = (field: DescField): string => {
  if (field.scalar !== undefined) return ScalarType[field.scalar];
  if (field.enum) return `enum ${field.enum.typeName}`;
  if (field.message) return `message ${field.message.typeName}`;
  return 'unknown';
};

const nestedMessages = (message: DescMessage): DescMessage[] =>
  message.fields.flatMap((field) =>
    field.message && !field.message.typeName.startsWith('google.protobuf.')
      ? [field.message]
      : [],
  );

/** Fields by their numbers, which are what the wire knows. */
const describeMessage = (
  message: DescMessage,
  seen: readonly string[] = [],
): Record<string, unknown> => ({
  message: message.typeName,
  fields: Object.fromEntries(
    message.fields.map((field) => [
      String(field.number),
      {
        name: field.name,
        kind: field.fieldKind,
        type: describeType(field),
        ...(field.fieldKind === 'map' && { key: ScalarType[field.mapKey] }),
        ...(field.oneof && { oneof: field.oneof.name }),
        ...(field.enum && {
          values: field.enum.values.map(
            ({ name, number }) => `${name}=${number}`,
          ),
        }),
      },
    ]),
  ),
  messages: Object.fromEntries(
    nestedMessages(message)
      .filter(({ typeName }) => !seen.includes(typeName))
      .map((nested) => [
        nested.typeName,
        describeMessage(nested, [...seen, message.typeName, nested.typeName]),
      ]),
  ),
});

/** Without what a newer zod may write otherwise: the pattern behind a named format. */
const jsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema: _dialect, ...described } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
    },
  });
  return described;
};

const describeTopic = (definition: TopicDefinition): unknown => {
  const { kind, identity } = definition;
  if (kind === 'changes') return { kind, identity };
  if (kind === 'protobuf')
    return { kind, identity, ...describeMessage(definition.message) };
  return { kind, identity, schema: jsonSchema(definition.schema) };
};

/** The schemas of every topic as they are in the code, through JSON, topics sorted by name. */
export const buildSnapshot = (
  table: Readonly<Record<string, TopicDefinition>> = topics,
): SchemaSnapshot => {
  const described = Object.entries(table)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([topic, definition]) => [topic, describeTopic(definition)]);
  return JSON.parse(
    JSON.stringify(Object.fromEntries(described)),
  ) as SchemaSnapshot;
};
