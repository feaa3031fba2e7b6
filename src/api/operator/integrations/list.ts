import type { EntityManager } from 'typeorm';

/** Milliseconds after which a list is given up. */
const statementTimeout = 5_000;

/** A list whose rows are in the order of their ids, the newest first. */
export interface List {
  /** What stands behind `select`. */
  readonly columns: string;
  /** What stands behind `from`; the rows' ids are those of `entry`. */
  readonly from: string;
  /** Conditions that always hold, with the values of their parameters, numbered from `$1`. */
  readonly where: readonly string[];
  readonly parameters: readonly unknown[];
}

export interface PageOf {
  /** Rows read at most. */
  readonly limit: number;
  /** The last id of the page before. */
  readonly after?: string | undefined;
}

/** Reads a page; what costs the same wherever it is. */
export const readList = <Row>(
  manager: EntityManager,
  { columns, from, where, parameters }: List,
  { limit, after }: PageOf,
): Promise<Row[]> => {
  const values = [
    ...parameters,
    limit,
    ...(after === undefined ? [] : [after]),
  ];
  const conditions = [
    ...where,
    ...(after === undefined ? [] : [`entry.id < $${values.length}`]),
  ];
  return manager.transaction(async (own) => {
    await own.query(`select set_config('statement_timeout', $1, true)`, [
      String(statementTimeout),
    ]);
    return own.query<Row[]>(
      `select ${columns} from ${from}
       ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
       order by entry.id desc limit $${parameters.length + 1}`,
      values,
    );
  });
};
