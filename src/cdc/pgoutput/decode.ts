import { ProtocolError } from '../protocol/messages.ts';
import type { Lsn } from '../protocol/lsn.ts';
import { MessageReader } from './reader.ts';

/** A large value that an update left as it was, and that the log therefore does not hold. */
export const unchanged = Symbol('unchanged');

/** A column's value in Postgres's text form. */
export type ColumnValue = string | null | typeof unchanged;

/** The columns of a row, in the order of the relation's. */
export type Tuple = readonly ColumnValue[];

export interface RelationColumn {
  readonly name: string;
  readonly typeId: number;
  readonly typeModifier: number;
}

/** A table as it was when the changes after this message were made. */
export interface Relation {
  readonly kind: 'relation';
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  /** `d` default, `f` full, `i` index, `n` nothing. */
  readonly replicaIdentity: string;
  readonly columns: readonly RelationColumn[];
}

/** What is known of a row before its change: `key` holds only the identity's columns, the rest null. */
export interface OldTuple {
  readonly kind: 'key' | 'full';
  readonly tuple: Tuple;
}

/** A message of pgoutput, proto_version 1 (PostgreSQL manual, "Logical Replication Message Formats"). */
export type OutputMessage =
  | {
      readonly kind: 'begin';
      readonly commitLsn: Lsn;
      /** Microseconds since 2000. */
      readonly commitTime: bigint;
      readonly transactionId: number;
    }
  | { readonly kind: 'commit'; readonly endLsn: Lsn }
  | { readonly kind: 'origin'; readonly lsn: Lsn; readonly name: string }
  | Relation
  | {
      readonly kind: 'insert';
      readonly relationId: number;
      readonly after: Tuple;
    }
  | {
      readonly kind: 'update';
      readonly relationId: number;
      readonly before: OldTuple | undefined;
      readonly after: Tuple;
    }
  | {
      readonly kind: 'delete';
      readonly relationId: number;
      readonly before: OldTuple;
    }
  /** Types are read from the catalog; truncates and logical messages are not captured. */
  | { readonly kind: 'ignored'; readonly letter: string };

const readColumn = (reader: MessageReader): ColumnValue => {
  const kind = reader.letter();
  if (kind === 't') return reader.text(reader.int32());
  if (kind === 'n') return null;
  if (kind === 'u') return unchanged;
  throw new ProtocolError(
    `expected a column as text (t), null (n) or unchanged (u), got: ${JSON.stringify(kind)}`,
  );
};

const readTuple = (reader: MessageReader): Tuple => {
  const columns: ColumnValue[] = [];
  for (let left = reader.uint16(); left > 0; left -= 1)
    columns.push(readColumn(reader));
  return columns;
};

const readOldTuple = (reader: MessageReader, letter: string): OldTuple => {
  if (letter !== 'K' && letter !== 'O')
    throw new ProtocolError(
      `expected an old row (O) or key (K), got: ${JSON.stringify(letter)}`,
    );
  return { kind: letter === 'K' ? 'key' : 'full', tuple: readTuple(reader) };
};

const readRelation = (reader: MessageReader): Relation => ({
  kind: 'relation',
  id: reader.uint32(),
  schema: reader.name(),
  table: reader.name(),
  replicaIdentity: reader.letter(),
  columns: Array.from({ length: reader.uint16() }, () => {
    reader.uint8();
    return {
      name: reader.name(),
      typeId: reader.uint32(),
      typeModifier: reader.int32(),
    };
  }),
});

const readUpdate = (reader: MessageReader): OutputMessage => {
  const relationId = reader.uint32();
  const letter = reader.letter();
  let before: OldTuple | undefined;
  if (letter !== 'N') {
    before = readOldTuple(reader, letter);
    reader.letter();
  }
  return { kind: 'update', relationId, before, after: readTuple(reader) };
};

/**
 * Decodes one message. Texts are copied out of `data`, nothing refers to it afterwards.
 *
 * @throws ProtocolError, RangeError if it is not a message of proto_version 1.
 */
export const decodeOutput = (data: Buffer): OutputMessage => {
  const reader = new MessageReader(data);
  const letter = reader.letter();
  switch (letter) {
    case 'B':
      return {
        kind: 'begin',
        commitLsn: reader.uint64(),
        commitTime: reader.int64(),
        transactionId: reader.uint32(),
      };
    case 'C':
      reader.uint8();
      reader.uint64();
      return { kind: 'commit', endLsn: reader.uint64() };
    case 'O':
      return { kind: 'origin', lsn: reader.uint64(), name: reader.name() };
    case 'R':
      return readRelation(reader);
    case 'I': {
      const relationId = reader.uint32();
      reader.letter();
      return { kind: 'insert', relationId, after: readTuple(reader) };
    }
    case 'U':
      return readUpdate(reader);
    case 'D': {
      const relationId = reader.uint32();
      return {
        kind: 'delete',
        relationId,
        before: readOldTuple(reader, reader.letter()),
      };
    }
    case 'Y':
    case 'T':
    case 'M':
      return { kind: 'ignored', letter };
    default:
      throw new ProtocolError(
        `expected a pgoutput message of proto_version 1, got: ${JSON.stringify(letter)}`,
      );
  }
};
