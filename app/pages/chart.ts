/**
 * The chart of one metric over decisions, as an SVG image. Only our own words and numbers are drawn: names that a
 * pull request could have chosen stand in the page beside it. The library is loaded with the first chart, for it
 * takes longer than the whole server to start.
 */

export interface Chart {
  /** From the oldest decision to the newest. */
  readonly points: readonly ChartPoint[];
  readonly scheme: Scheme;
  readonly size: Size;
}

export interface ChartPoint {
  /** As `#17`. */
  readonly label: string;
  readonly value?: number;
  /** Whether the decision let the change pass. */
  readonly passed: boolean;
  readonly floor?: number;
  readonly ceiling?: number;
}

export type Scheme = "light" | "dark";

export type Size = keyof typeof SIZES;

/** Beside a table, and alone on a phone: scaled down, its words could not be read. */
export const SIZES = {
  wide: { width: 560, height: 220 },
  narrow: { width: 300, height: 200 },
} as const;

/** The palettes of `html-style.ts`: an image does not inherit the page's. */
const PALETTES = {
  light: {
    ink: "#1c2128",
    quiet: "#5b6572",
    line: "#dfe3e8",
    series: "#1d5fbf",
    limit: "#8a5300",
    paper: "#ffffff",
  },
  dark: {
    ink: "#e6e9ee",
    quiet: "#9aa5b3",
    line: "#2b323c",
    series: "#7db3ff",
    limit: "#f0bd5f",
    paper: "#171b21",
  },
} as const satisfies Record<Scheme, Readonly<Record<string, string>>>;

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** The image, as a whole SVG document. */
export async function drawChart(chart: Chart): Promise<string> {
  engine ??= loadEngine();
  const { init } = await engine;
  const drawing = init(null, null, { renderer: "svg", ssr: true, ...SIZES[chart.size] });
  try {
    drawing.setOption(optionOf(chart));
    return withoutStyles(drawing.renderToSVGString());
  } finally {
    drawing.dispose();
  }
}

let engine: ReturnType<typeof loadEngine> | undefined;

async function loadEngine() {
  const [core, { LineChart }, { GridComponent }, { SVGRenderer }] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([LineChart, GridComponent, SVGRenderer]);
  return core;
}

/** The library's rules for a pointer that hovers; our policy of styles would refuse them, and an image has none. */
function withoutStyles(svg: string): string {
  return svg.replace(/<style\b[\s\S]*?<\/style>/g, "");
}

function optionOf({ points, scheme }: Chart) {
  const colors = PALETTES[scheme];
  const text = { color: colors.quiet, fontSize: 12, fontFamily: FONT };
  return {
    animation: false,
    grid: {
      left: 12,
      right: 24,
      top: 16,
      bottom: 8,
      outerBoundsMode: "same" as const,
      outerBoundsContain: "axisLabel" as const,
    },
    xAxis: {
      type: "category" as const,
      data: points.map(({ label }) => label),
      axisLabel: text,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colors.line } },
    },
    yAxis: {
      type: "value" as const,
      scale: true,
      splitNumber: 4,
      axisLabel: text,
      splitLine: { lineStyle: { color: colors.line } },
    },
    series: [
      limitLine(
        points.map(({ floor }) => floor),
        colors.limit,
      ),
      limitLine(
        points.map(({ ceiling }) => ceiling),
        colors.limit,
      ),
      {
        type: "line" as const,
        data: points.map((point) => markOf(point, colors)),
        lineStyle: { color: colors.series, width: 2 },
        silent: true,
      },
    ],
  };
}

type Palette = (typeof PALETTES)[Scheme];

/** Passed is a filled disc, all else a hollow diamond: the shape says it, not the color. */
function markOf({ value = Number.NaN, passed }: ChartPoint, { series, paper }: Palette) {
  const fill = passed ? series : paper;
  return {
    value,
    symbol: passed ? "circle" : "diamond",
    symbolSize: passed ? 9 : 13,
    itemStyle: { color: fill, borderColor: series, borderWidth: 2 },
  };
}

function limitLine(limits: readonly (number | undefined)[], color: string) {
  return {
    type: "line" as const,
    step: "middle" as const,
    data: limits.map((limit) => limit ?? Number.NaN),
    lineStyle: { color, width: 1.5, type: "dashed" as const },
    symbol: "none",
    silent: true,
  };
}
