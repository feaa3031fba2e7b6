import type { Attempt, CausalNode, Item } from './node.ts';

/** A node at its place in the tree. */
export interface TracedNode extends CausalNode {
  /** The node above it. */
  readonly parent: string | undefined;
  /** Other nodes that it follows from. */
  readonly also: readonly string[];
  /** 0 of a node without a cause. */
  readonly depth: number;
  /** Milliseconds since what it follows from began; `undefined` where either time is not known. */
  readonly gap: number | undefined;
}

/** Of a delivery that was tried more than once, the attempt that something else followed from. */
const beginning = ({ at, attempts = [] }: CausalNode, child: Date) =>
  attempts.findLast(
    ({ startedAt, outcome }: Attempt) =>
      outcome === 'ack' && startedAt.getTime() <= child.getTime() + 1,
  )?.startedAt ?? at;

const gapOf = (
  parent: CausalNode | undefined,
  { at }: CausalNode,
): number | undefined => {
  const from = parent && at && beginning(parent, at);
  return from && at && Math.max(0, at.getTime() - from.getTime());
};

/** Nodes and what follows from what. A node is kept as it was first added. */
export class Graph {
  readonly #items = new Map<string, Item>();
  readonly #parents = new Map<string, Set<string>>();
  /** Some were left out. */
  truncated = false;

  /** @param most nodes; further ones are left out */
  constructor(readonly most: number) {}

  get items(): Item[] {
    return [...this.#items.values()];
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  has(id: string): boolean {
    return this.#items.has(id);
  }

  /** @returns whether the node is new. */
  add(item: Item): boolean {
    const { id } = item.node;
    if (this.#items.has(id)) return false;
    if (this.#items.size >= this.most) {
      this.truncated = true;
      return false;
    }
    this.#items.set(id, item);
    return true;
  }

  /** What would close a circle is left out. */
  link(parent: string, child: string): void {
    if (!this.#items.has(parent) || !this.#items.has(child)) return;
    if (this.#follows(parent, child)) return;
    const parents = this.#parents.get(child) ?? new Set();
    this.#parents.set(child, parents.add(parent));
  }

  hasParent(id: string): boolean {
    return this.#parents.has(id);
  }

  parentsOf(id: string): readonly string[] {
    return [...(this.#parents.get(id) ?? [])];
  }

  /** Whether `id` is `other` or follows from it. */
  #follows(id: string, other: string): boolean {
    const seen = new Set<string>();
    const open = [id];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === other) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...this.parentsOf(next));
    }
    return false;
  }

  /** As a tree, each node before what follows from it, in the order of time. */
  tree(): TracedNode[] {
    const children = new Map<string | undefined, CausalNode[]>();
    for (const { node } of this.items) {
      const [parent] = this.parentsOf(node.id);
      const siblings = children.get(parent) ?? [];
      siblings.push(node);
      children.set(parent, siblings);
    }
    const time = ({ at }: CausalNode) => at?.getTime() ?? Infinity;
    // Of a commit the rows are the beginning, whenever its events say that they were written.
    const order = (parent: CausalNode | undefined, node: CausalNode) =>
      parent?.kind === 'commit' && node.kind === 'row-change' ? 0 : 1;
    const traced: TracedNode[] = [];
    const walk = (parent: CausalNode | undefined, depth: number): void => {
      const below = children.get(parent?.id) ?? [];
      for (const node of below.sort(
        (a, b) => order(parent, a) - order(parent, b) || time(a) - time(b),
      )) {
        const [above, ...also] = this.parentsOf(node.id);
        const gap = gapOf(parent, node);
        traced.push({ ...node, parent: above, also, depth, gap });
        walk(node, depth + 1);
      }
    };
    walk(undefined, 0);
    return traced;
  }
}
