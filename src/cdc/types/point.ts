import { UndecodableValueError } from '../errors.ts';
import type { ColumnType } from './column-type.ts';
import { javaFloat } from './numbers.ts';

/** Well-known binary of a point: little-endian, type 1, both coordinates. */
const wellKnownBinary = (x: number, y: number): string => {
  const bytes = Buffer.alloc(21);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt32LE(1, 1);
  bytes.writeDoubleLE(x, 5);
  bytes.writeDoubleLE(y, 13);
  return bytes.toString('base64');
};

const encodePoint = (text: string): string => {
  const [, x, y] = /^\(([^,]+),([^,]+)\)$/.exec(text) ?? [];
  if (x === undefined || y === undefined)
    throw new UndecodableValueError('point', 'got an unknown form');
  return (
    `{"x":${javaFloat(x)},"y":${javaFloat(y)},` +
    `"wkb":"${wellKnownBinary(Number(x), Number(y))}","srid":null}`
  );
};

export const point: ColumnType = {
  schema: {
    type: 'struct',
    fields: [
      { type: 'double', optional: false, field: 'x' },
      { type: 'double', optional: false, field: 'y' },
      { type: 'bytes', optional: true, field: 'wkb' },
      { type: 'int32', optional: true, field: 'srid' },
    ],
    name: 'io.debezium.data.geometry.Point',
    version: 1,
    doc: 'Geometry (POINT)',
  },
  encode: encodePoint,
  zero: encodePoint('(0,0)'),
};
