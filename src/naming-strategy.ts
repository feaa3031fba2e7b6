import { DefaultNamingStrategy } from 'typeorm';

const snake = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

/**
 * camelCase in TypeScript, snake_case in Postgres, so that a person with an SQL client
 * never has to quote a name.
 */
export class SnakeCaseNamingStrategy extends DefaultNamingStrategy {
  override tableName(className: string, customName?: string): string {
    return customName ?? snake(className);
  }

  override columnName(
    propertyName: string,
    customName: string | undefined,
    prefixes: string[],
  ): string {
    return [...prefixes.map(snake), customName ?? snake(propertyName)].join(
      '_',
    );
  }

  override joinColumnName(relationName: string, column: string): string {
    return `${snake(relationName)}_${snake(column)}`;
  }
}
