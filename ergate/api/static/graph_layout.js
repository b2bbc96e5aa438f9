// Where the steps of a workflow stand: in rows from top to bottom, with few crossings.

const WIDE = 190; // a node
const HIGH = 40;
const GAP_X = 26;
const GAP_Y = 36;
const THIN = 18; // where a long way passes a row
const SWEEPS = 6;

/**
 * Return `{ width, height, nodes, ways }` for names and ways `{ from, to }`.
 *
 * A node has `name`, `x`, `y` of its middle, `width` and `height`; a way has the points it passes.
 */
export function layOut(names, ways) {
  const rank = ranks(names, ways);
  const rows = [];
  const put = (node) => { (rows[node.rank] ??= []).push(node); return node; };
  const nodes = new Map(names.map((name) => [name, put({ name, rank: rank.get(name), width: WIDE, ups: [], downs: [] })]));
  const chains = ways.map((way) => chain(way, nodes, put));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const row of sweep % 2 ? [...rows].reverse() : rows) arrange(row, sweep % 2 ? "downs" : "ups");
  }
  place(rows);
  const all = rows.flat();
  const left = Math.min(...all.map((one) => one.x - one.width / 2));
  for (const one of all) { one.x -= left; one.y = one.rank * (HIGH + GAP_Y) + HIGH / 2; }
  return {
    width: Math.max(...all.map((one) => one.x + one.width / 2)),
    height: rows.length * (HIGH + GAP_Y) - GAP_Y,
    nodes: [...nodes.values()].map(({ name, x, y }) => ({ name, x, y, width: WIDE, height: HIGH })),
    ways: ways.map((way, at) => ({ ...way, d: curve(chains[at]) })),
  };
}

/** Return the row of each name: one below the lowest of those that lead to it. */
function ranks(names, ways) {
  const rank = new Map(names.map((name) => [name, 0]));
  // Ways lead forward only, in the order of the names.
  for (const name of names) {
    for (const way of ways) if (way.from === name) rank.set(way.to, Math.max(rank.get(way.to), rank.get(name) + 1));
  }
  return rank;
}

/** Return the nodes of a way; a long one gets a thin node in each row that it passes. */
function chain(way, nodes, put) {
  const [first, last] = [nodes.get(way.from), nodes.get(way.to)];
  const found = [first];
  for (let rank = first.rank + 1; rank < last.rank; rank += 1) found.push(put({ rank, width: THIN, ups: [], downs: [] }));
  found.push(last);
  for (let at = 1; at < found.length; at += 1) {
    found[at - 1].downs.push(found[at]);
    found[at].ups.push(found[at - 1]);
  }
  return found;
}

function arrange(row, side) {
  row.forEach((node, at) => { node.order ??= at; });
  const wish = new Map(row.map((node) => [node, mean(node[side].map((one) => one.order ?? 0)) ?? node.order]));
  row.sort((a, b) => wish.get(a) - wish.get(b));
  row.forEach((node, at) => { node.order = at; });
}

/** Give each node its x: side by side, then as near to its neighbours as the row allows. */
function place(rows) {
  for (const row of rows) {
    const width = row.reduce((sum, one) => sum + one.width + GAP_X, -GAP_X);
    let x = -width / 2;
    for (const node of row) { node.x = x + node.width / 2; x += node.width + GAP_X; }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const side = sweep % 2 ? "downs" : "ups";
      for (const node of row) node.wish = mean(node[side].map((one) => one.x), node[side].map(weightOf)) ?? node.x;
      settle(row);
    }
  }
}

/**
 * Move the nodes of a row as near to their wishes as their order and distance allow.
 *
 * Neighbours whose wishes collide become a block, which stands where its members want it on average.
 */
function settle(row) {
  const blocks = [];
  let offset = 0;
  row.forEach((node, at) => {
    if (at) offset += (row[at - 1].width + node.width) / 2 + GAP_X;
    node.offset = offset;
    let block = { nodes: [node], weight: weightOf(node), at: node.wish - offset };
    while (blocks.length && blocks.at(-1).at >= block.at) block = joined(blocks.pop(), block);
    blocks.push(block);
  });
  for (const block of blocks) for (const node of block.nodes) node.x = block.at + node.offset;
}

function joined(a, b) {
  const weight = a.weight + b.weight;
  return { nodes: [...a.nodes, ...b.nodes], weight, at: (a.at * a.weight + b.at * b.weight) / weight };
}

function curve(nodes) {
  let d = "";
  nodes.forEach((node, at) => {
    const y = node.y;
    if (at === 0) { d = `M${round(node.x)} ${y + HIGH / 2}`; return; }
    const [before, end] = [nodes[at - 1], at === nodes.length - 1 ? y - HIGH / 2 - 5 : y - HIGH / 2];
    const from = before.y + HIGH / 2;
    const middle = (from + end) / 2;
    d += `C${round(before.x)} ${middle} ${round(node.x)} ${middle} ${round(node.x)} ${end}`;
    if (at < nodes.length - 1) d += `V${y + HIGH / 2}`;
  });
  return d;
}

/** Boxes stand still, and the lines that pass them give way. */
function weightOf(node) {
  return node.name ? 1e6 : 1;
}

function mean(values, weights = values.map(() => 1)) {
  const total = weights.reduce((sum, one) => sum + one, 0);
  return total ? values.reduce((sum, one, at) => sum + one * weights[at], 0) / total : null;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
