import type { EntityTarget, ObjectLiteral } from 'typeorm';

import type { ApiContext } from './context.ts';
import { fromDatabaseError } from './database-errors.ts';

export interface PageArguments {
  readonly first: number;
  readonly after?: string | null | undefined;
}

/** A page, and where the next one starts; `null` after the last. */
export interface Page<Item> {
  readonly items: Item[];
  readonly next: string | null;
}

/** Runs a query of an answer. @throws ApiError in the client's terms where Postgres refused. */
export const read = async <Result>(
  query: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await query();
  } catch (error) {
    throw fromDatabaseError(error);
  }
};

/** Cuts a page from rows of which one more than `first` was read. */
export const cut = <Item extends { id: string }>(
  rows: readonly Item[],
  first: number,
): Page<Item> => {
  const items = rows.slice(0, first);
  const last = items.at(-1);
  return {
    items,
    next: rows.length > first && last !== undefined ? last.id : null,
  };
};

/**
 * Reads a page by id. Ids are UUIDv7, so that their order is the order of creation and a page
 * costs the same wherever it is.
 */
export const pageOf = <Item extends ObjectLiteral & { id: string }>(
  { con }: ApiContext,
  entity: EntityTarget<Item>,
  { first, after }: PageArguments,
  order: 'newest' | 'oldest',
  where?: { readonly condition: string; readonly parameters: ObjectLiteral },
): Promise<Page<Item>> =>
  read(async () => {
    const [beyond, direction] =
      order === 'newest' ? (['<', 'DESC'] as const) : (['>', 'ASC'] as const);
    const query = con
      .getRepository(entity)
      .createQueryBuilder('item')
      .orderBy('item.id', direction)
      .take(first + 1);
    if (where) query.andWhere(`item.${where.condition}`, where.parameters);
    if (after != null) query.andWhere(`item.id ${beyond} :after`, { after });
    return cut(await query.getMany(), first);
  });
