import { UndecodableValueError } from '../errors.ts';
import type { ColumnType } from './column-type.ts';

const elementPattern = /"((?:[^"\\]|\\.)*)"|([^",{}]+)|([{}])/gsy;

/** The elements of a one-dimensional array in Postgres's text form; null is NULL. */
export const parseArray = (text: string): (string | null)[] => {
  const refuse = (reason: string) => new UndecodableValueError('array', reason);
  if (!text.startsWith('{') || !text.endsWith('}'))
    throw refuse('expected one that begins at 1');
  const elements: (string | null)[] = [];
  const end = text.length - 1;
  let position = 1;
  while (position < end) {
    elementPattern.lastIndex = position;
    const match = elementPattern.exec(text);
    if (!match || match[3]) throw refuse('expected one dimension');
    const [, quoted, bare] = match;
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, '$1'));
    else elements.push(bare === 'NULL' ? null : bare!);
    position = elementPattern.lastIndex + 1;
  }
  return elements;
};

export const arrayType = (element: ColumnType): ColumnType => {
  const { type, fields, ...rest } = element.schema;
  const encode = element.encodeInArrays ?? element.encode;
  return {
    schema: {
      type: 'array',
      items: {
        type,
        ...(fields && { fields }),
        optional: element.optionalInArrays ?? true,
        ...rest,
      },
    },
    encode: (text) =>
      `[${parseArray(text)
        .map((value) => (value === null ? 'null' : encode(value)))
        .join(',')}]`,
    zero: '[]',
  };
};
