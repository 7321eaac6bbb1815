/** One diagram: its horizontal axis is logarithmic, its vertical one too unless it is linear from zero. */
export interface Panel {
  readonly title: string;
  readonly across: string;
  readonly up: string;
  readonly isLinear: boolean;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const WIDTH = 440;
const HEIGHT = 300;
const COLUMNS = 2;
const LEGEND = 40;
const EDGE = { left: 64, right: 20, top: 36, bottom: 48 } as const;
/** Dash and mark tell the lines apart for those who don't see the colours. */
const MARKS = ['circle', 'square', 'diamond', 'triangle'] as const;

// The colours keep their distance for colour-blind eyes, on white and on black.
const STYLE = `
svg { font: 12px system-ui, sans-serif; background: #fff }
text { fill: #24292f } .title { font-weight: 600; font-size: 13px }
.grid { stroke: #d0d7de } .axis { stroke: #57606a }
.s0 { stroke: #0550ae; fill: #0550ae } .s1 { stroke: #bc4c00; fill: #bc4c00 } .s2 { stroke: #1a7f37; fill: #1a7f37 } .s3 { stroke: #8250df; fill: #8250df }
path.line { fill: none; stroke-width: 2 } .d1 { stroke-dasharray: 6 3 } .d2 { stroke-dasharray: 2 3 } .d3 { stroke-dasharray: 8 3 2 3 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e }
  .s0 { stroke: #79c0ff; fill: #79c0ff } .s1 { stroke: #ffa657; fill: #ffa657 } .s2 { stroke: #7ee787; fill: #7ee787 } .s3 { stroke: #d2a8ff; fill: #d2a8ff }
}`;

/** An SVG picture of the panels side by side, readable on a light and on a dark page. Series of one name look alike in all. */
export function plotOf(panels: readonly Panel[]): string {
  const drawn = panels.filter(({ series }) => series.length > 0);
  const names = [...new Set(drawn.flatMap(({ series }) => series.map(({ name }) => name)))];
  const width = COLUMNS * WIDTH;
  const height = LEGEND + Math.ceil(drawn.length / COLUMNS) * HEIGHT;
  const body = drawn.map((panel, at) => {
    const place = `translate(${(at % COLUMNS) * WIDTH} ${LEGEND + Math.floor(at / COLUMNS) * HEIGHT})`;
    return `<g transform="${place}">${panelText(panel, names)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escape(drawn.map(({ title }) => title).join('; '))}</title>`,
    `<style>${STYLE}\n</style>`,
    names.map(legendText).join(''),
    ...body,
    '</svg>\n',
  ].join('\n');
}

function legendText(name: string, at: number): string {
  const x = EDGE.left + at * 110;
  const line = `<path class="line s${at} d${at}" d="M${x} 22H${x + 28}"/>`;
  return `${line}${markText(at, x + 14, 22)}<text x="${x + 36}" y="26">${escape(name)}</text>`;
}

interface Scale {
  readonly ticks: readonly number[];
  /** From 0 to 1 along the axis. */
  of(value: number): number;
}

function panelText({ title, across, up, isLinear, series }: Panel, names: readonly string[]): string {
  const points = series.flatMap((one) => one.points);
  const wide = logarithmic(
    points.map(({ at }) => at),
    [...new Set(points.map(({ at }) => at))],
  );
  const values = points.map(({ value }) => value);
  const high = isLinear ? linear(values) : logarithmic(values);
  const x = (at: number): number => EDGE.left + wide.of(at) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value: number): number =>
    HEIGHT - EDGE.bottom - high.of(value) * (HEIGHT - EDGE.top - EDGE.bottom);
  const bottom = HEIGHT - EDGE.bottom;
  const rows = high.ticks.map(
    (tick) =>
      `<path class="grid" d="M${EDGE.left} ${y(tick).toFixed(1)}H${WIDTH - EDGE.right}"/><text x="${EDGE.left - 6}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${numberText(tick)}</text>`,
  );
  const columns = wide.ticks.map(
    (tick) =>
      `<path class="axis" d="M${x(tick).toFixed(1)} ${bottom}v4"/><text x="${x(tick).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${numberText(tick)}</text>`,
  );
  const lines = series.map(({ name, points: own }) => {
    const at = names.indexOf(name);
    const path = own.map((point) => `${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`).join('L');
    const marks = own.map((point) => markText(at, x(point.at), y(point.value))).join('');
    return `<path class="line s${at} d${at}" d="M${path}"/>${marks}`;
  });
  return [
    `<text class="title" x="${EDGE.left}" y="20">${escape(title)}</text>`,
    ...rows,
    `<path class="axis" d="M${EDGE.left} ${bottom}H${WIDTH - EDGE.right}"/>`,
    ...columns,
    `<text x="${WIDTH - EDGE.right}" y="${HEIGHT - 12}" text-anchor="end">${escape(across)}</text>`,
    `<text x="4" y="${EDGE.top - 6}">${escape(up)}</text>`,
    ...lines,
  ].join('\n');
}

function logarithmic(values: readonly number[], ticks?: readonly number[]): Scale {
  const [least, most] = [Math.log10(Math.min(...values)), Math.log10(Math.max(...values))];
  const [from, to] = ticks === undefined ? [Math.floor(least), Math.ceil(most)] : [least, most];
  const powers = Array.from({ length: to - from + 1 }, (_, at) => 10 ** (from + at));
  return { ticks: ticks ?? powers, of: (value) => (Math.log10(value) - from) / (to - from || 1) };
}

function linear(values: readonly number[]): Scale {
  const most = Math.max(...values);
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((part) => part * power).find((part) => most / part <= 6) ?? power;
  const count = Math.ceil(most / step);
  return {
    ticks: Array.from({ length: count + 1 }, (_, at) => at * step),
    of: (value) => value / (count * step),
  };
}

function markText(at: number, x: number, y: number): string {
  const [cx, cy] = [x.toFixed(1), y.toFixed(1)];
  const shapes = {
    circle: `<circle class="s${at}" cx="${cx}" cy="${cy}" r="4"/>`,
    square: `<path class="s${at}" d="M${cx} ${cy}m-4-4h8v8h-8z"/>`,
    diamond: `<path class="s${at}" d="M${cx} ${cy}m0-5l5 5l-5 5l-5-5z"/>`,
    triangle: `<path class="s${at}" d="M${cx} ${cy}m0-5l5 9h-10z"/>`,
  };
  return shapes[MARKS[at % MARKS.length] ?? 'circle'];
}

function numberText(value: number): string {
  return value >= 1 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(1)));
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
