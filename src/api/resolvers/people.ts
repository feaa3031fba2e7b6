import { v7 as uuidv7 } from 'uuid';

import { DigestSubscription, User } from '../../entity/index.ts';
import { requireGateway, requireViewer } from '../caller.ts';
import { type ApiContext, mutate } from '../context.ts';
import { notFound } from '../errors.ts';
import { digestSchema, newUserSchema, parseInput } from '../input.ts';
import { read } from '../pages.ts';
import { byId } from './content.ts';

interface Input {
  readonly input: unknown;
}

export const peopleQueries = {
  user: byId('user', User),

  viewer: async (
    _: unknown,
    _args: unknown,
    { caller, con }: ApiContext,
  ): Promise<User> => {
    const id = requireViewer(caller);
    const viewer = await read(() => con.getRepository(User).findOneBy({ id }));
    if (!viewer) throw notFound('user', id);
    return viewer;
  },
};

export const viewerFields = {
  digest: ({ id }: User, _args: unknown, { con }: ApiContext) =>
    read(() => con.getRepository(DigestSubscription).findOneBy({ userId: id })),
};

export const peopleMutations = {
  createUser: async (
    _: unknown,
    { input }: Input,
    context: ApiContext,
  ): Promise<User> => {
    requireGateway(context.caller);
    const user = parseInput(newUserSchema, input);
    return mutate(context, (manager) =>
      manager.save(manager.create(User, { id: uuidv7(), ...user })),
    );
  },

  subscribeDigest: async (
    _: unknown,
    { input }: Input,
    context: ApiContext,
  ): Promise<DigestSubscription> => {
    const userId = requireViewer(context.caller);
    const digest = parseInput(digestSchema, input);
    return mutate(context, async (manager) => {
      await manager.upsert(DigestSubscription, { userId, ...digest }, [
        'userId',
      ]);
      return manager.findOneByOrFail(DigestSubscription, { userId });
    });
  },

  unsubscribeDigest: async (
    _: unknown,
    _args: unknown,
    context: ApiContext,
  ): Promise<boolean> => {
    const userId = requireViewer(context.caller);
    return mutate(context, async (manager) => {
      const { affected } = await manager.delete(DigestSubscription, { userId });
      return Boolean(affected);
    });
  },
};
