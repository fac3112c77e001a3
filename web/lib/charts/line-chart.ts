/** One line over rounds, by chart.js (loaded on first need), in the colours of the page's scheme when it is drawn. */
import {
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from 'chart.js';

Chart.register(CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip);

export interface LineChartData {
  readonly rounds: readonly number[];
  /** A value a round; null where it is not known yet. */
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
      ],
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: isCalm ? false : { duration: 300 },
      interaction: { mode: 'index', intersect: false },
      plugins: { tooltip: { callbacks: { label: ({ parsed }) => words.format(parsed.y ?? 0) } } },
      scales: {
        x: {
          ...look,
          title: { display: true, text: 'round', color: ink, font },
          ticks: { color: ink, font },
        },
        y: {
          ...look,
          min: 0,
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
      const [dataset] = chart.data.datasets;
      if (dataset) dataset.data = [...values];
      chart.update();
    },
    destroy: () => chart.destroy(),
  };
}
