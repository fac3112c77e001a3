/** One line over rounds, or over what its words say, by chart.js (loaded on first need), in the colours of the page's scheme when it is drawn. */
import {
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js';

Chart.register(
  CategoryScale,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
);

export interface LineChartData {
  /** Where along the horizontal axis, at equal distances. */
  readonly rounds: readonly number[];
  /** A value a round; null where there is none, or none yet. */
  readonly values: readonly (number | null)[];
}

export interface LineChartWords {
  readonly title: string;
  /** Of the vertical axis, with its unit. */
  readonly axis: string;
  /** CSS custom property of the line's colour. */
  readonly colour: string;
  readonly format: (value: number) => string;
  /** The same at the axis, which names the unit. */
  readonly tick: (value: number) => string;
  /** Of the vertical axis; it begins at 0. Null where the values decide. */
  readonly max: number | null;
  /** Beside the title, in place of the last value. */
  readonly headline?: string;
  /** Of the horizontal axis; `round` unless said. */
  readonly across?: string;
  /** A vertical axis by powers of ten, which has no 0. */
  readonly isLogarithmic?: boolean;
  /** A value with a dashed line of its own, and its name. */
  readonly limit?: { readonly value: number; readonly title: string };
}

export interface DrawnLineChart {
  update(data: LineChartData): void;
  destroy(): void;
}

/** light-dark() is resolved by the browser only in a real property, so a probe element resolves it. */
function colourOf(name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const limitLine = (value: number, { rounds }: LineChartData): number[] => rounds.map(() => value);

export function drawLineChart(
  canvas: HTMLCanvasElement,
  words: LineChartWords,
  data: LineChartData,
): DrawnLineChart {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const [ink, line, series] = [colourOf('--ink-soft'), colourOf('--line'), colourOf(words.colour)];
  const font = { family: getComputedStyle(document.body).fontFamily };
  const look = { grid: { color: line }, border: { color: line } };
  const chart = new Chart(canvas, {
    type: 'line',
    data: {
      labels: [...data.rounds],
      datasets: [
        {
          data: [...data.values],
          borderWidth: 2.5,
          borderColor: series,
          backgroundColor: series,
          pointRadius: 2.5,
        },
        ...(words.limit === undefined
          ? []
          : [
              {
                data: limitLine(words.limit.value, data),
                borderWidth: 1.5,
                borderColor: ink,
                borderDash: [6, 5],
                pointRadius: 0,
              },
            ]),
      ],
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: isCalm ? false : { duration: 300 },
      interaction: { mode: 'index', intersect: false },
      plugins: {
        tooltip: {
          callbacks: {
            label: ({ parsed, datasetIndex }) =>
              datasetIndex === 0 ? words.format(parsed.y ?? 0) : (words.limit?.title ?? ''),
          },
        },
      },
      scales: {
        x: {
          ...look,
          title: { display: true, text: words.across ?? 'round', color: ink, font },
          ticks: { color: ink, font },
        },
        y: {
          ...look,
          ...(words.isLogarithmic === true ? { type: 'logarithmic' } : { min: 0 }),
          ...(words.max === null ? {} : { max: words.max }),
          title: { display: true, text: words.axis, color: ink, font },
          ticks: { maxTicksLimit: 6, color: ink, font, callback: (tick) => words.tick(Number(tick)) },
        },
      },
    },
  });

  return {
    update: ({ rounds, values }) => {
      chart.data.labels = [...rounds];
      const [dataset, limit] = chart.data.datasets;
      if (dataset) dataset.data = [...values];
      if (limit && words.limit) limit.data = limitLine(words.limit.value, { rounds, values });
      chart.update();
    },
    destroy: () => chart.destroy(),
  };
}
