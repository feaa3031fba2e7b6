import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Kind, parse, print } from 'graphql';

/** A document that the operators' page asks the API. */
export interface PageDocument {
  readonly name: string;
  /** query, mutation or subscription. */
  readonly operation: string;
  /** The folder of the screen, such as `dead-letters`. */
  readonly screen: string;
  readonly text: string;
  /** Variables without which it cannot be asked. */
  readonly needed: readonly string[];
  /** Whether it has a variable `after`: a list that is read in pages. */
  readonly isPaged: boolean;
}

const sources = 'dashboard/src';
const template = /\bgraphql\(\s*`([^`]*)`/g;

const documentsOf = (screen: string, source: string): PageDocument[] =>
  [...source.matchAll(template)].flatMap(([, text = '']) =>
    parse(text).definitions.map((definition) => {
      if (definition.kind !== Kind.OPERATION_DEFINITION || !definition.name)
        throw new Error(
          `expected one named operation in each document of ${sources}/${screen}, got: ${print(definition)}`,
        );
      const variables = definition.variableDefinitions ?? [];
      return {
        name: definition.name.value,
        operation: definition.operation,
        screen,
        text,
        needed: variables
          .filter(
            ({ type, defaultValue }) =>
              type.kind === Kind.NON_NULL_TYPE && !defaultValue,
          )
          .map(({ variable }) => variable.name.value),
        isPaged: variables.some(
          ({ variable }) => variable.name.value === 'after',
        ),
      };
    }),
  );

/** Every document in the sources of the page, so that a new screen is measured without being named. */
export const pageDocuments = async (): Promise<PageDocument[]> => {
  const files = (await readdir(sources, { recursive: true })).filter((file) =>
    /\.tsx?$/.test(file),
  );
  const found = await Promise.all(
    files
      .sort()
      .map(async (file) =>
        documentsOf(
          file.split('/').at(0) ?? file,
          await readFile(join(sources, file), 'utf8'),
        ),
      ),
  );
  return found.flat();
};
