import type { GraphNode } from '../../src/flows/graph/graph.ts';
import { layoutOf } from '../../src/flows/graph/layout.ts';
import { graphSvg } from '../../src/flows/graph/svg.ts';
import { graphText } from '../../src/flows/graph/text.ts';

const node = (name: string, ...deps: readonly string[]): GraphNode => ({
  name,
  kind: 'task',
  deps,
  state: undefined,
  note: 'task',
});

const chain = (length: number): GraphNode[] =>
  Array.from({ length }, (_, index) =>
    index === 0 ? node('0') : node(String(index), String(index - 1)),
  );

/** Each step after some of the earlier ones, near and far. */
const woven = Array.from({ length: 60 }, (_, index) =>
  node(
    String(index),
    ...[index - 1, index - 7, Math.floor(index / 3)]
      .filter((dep) => dep >= 0 && dep < index && (index * dep) % 4 !== 3)
      .map(String)
      .filter((dep, place, all) => all.indexOf(dep) === place),
  ),
);

test('every step stands below what it depends on, and no box or bend on another', () => {
  for (const nodes of [woven, chain(1_000)]) {
    const { places, edges } = layoutOf(nodes);
    const layerOf = new Map(
      nodes.map(({ name }, index) => [name, places[index]!.y]),
    );
    for (const { name, deps } of nodes)
      for (const dep of deps)
        expect(layerOf.get(name)).toBeGreaterThan(layerOf.get(dep)!);
    expect(edges).toHaveLength(nodes.flatMap(({ deps }) => deps).length);
    const bends = edges.flatMap(({ points }) => points.slice(1, -1));
    const layers = Map.groupBy([...places, ...bends], ({ y }) => y);
    for (const row of layers.values()) {
      const sorted = row.map(({ x }) => x).sort((one, other) => one - other);
      for (const [index, x] of sorted.slice(1).entries())
        expect(x - sorted[index]!).toBeGreaterThan(0.999);
    }
  }
});

test('a thousand steps beside each other are drawn, and named where lanes have no room', () => {
  const wide = Array.from({ length: 1_000 }, (_, index) =>
    node(`s${index}`, 'root'),
  );
  const nodes = [
    node('root'),
    ...wide,
    node('end', ...wide.map(({ name }) => name)),
  ];
  expect(graphSvg({ title: 'wide', nodes }).match(/<rect x=/g)).toHaveLength(
    1_002,
  );
  const text = graphText({ title: 'wide', nodes });
  expect(text.split('\n')).toHaveLength(1_003);
  expect(text).toMatch(/^○ {2}s0 +task {2}after root$/m);
});

test('lanes part and join; what is independent does not look joined', () => {
  expect(
    graphText({
      title: 'lanes',
      nodes: [
        node('a'),
        node('b', 'a'),
        node('c'),
        node('d', 'b'),
        node('e', 'c', 'a'),
        node('f'),
        node('g'),
      ],
    }),
  ).toBe(
    [
      'lanes',
      '○      a  task',
      '├─○    b  task',
      '│ │ ○  c  task',
      '│ ○ │  d  task',
      '○───╯  e  task',
      '  ○    f  task',
      '○      g  task',
    ].join('\n'),
  );
});

test('a name cannot break out of the document', () => {
  const svg = graphSvg({
    title: '<script>',
    nodes: [node('a"><script>&')],
  });
  expect(svg).not.toMatch(/<script/);
});
