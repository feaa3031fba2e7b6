import type {
  DataSource,
  DeepPartial,
  EntityManager,
  EntityTarget,
  ObjectLiteral,
} from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

/**
 * Saves rows of one entity and gives them back with the database's defaults.
 * A row without an `id` gets a UUIDv7 if its entity has that column as its key.
 */
export const saveFixtures = async <Entity extends ObjectLiteral>(
  con: DataSource | EntityManager,
  target: EntityTarget<Entity>,
  rows: readonly NoInfer<DeepPartial<Entity>>[],
): Promise<Entity[]> => {
  const repository = con.getRepository(target);
  const [key, ...others] = repository.metadata.primaryColumns;
  const identified = key?.propertyName === 'id' && others.length === 0;
  const withId = (row: DeepPartial<Entity>): DeepPartial<Entity> =>
    identified && !('id' in row) ? { id: uuidv7(), ...row } : row;
  return repository.save(rows.map((row) => repository.create(withId(row))));
};
