/** One line over rounds, by chart.js (loaded on first need), in the colours of the page's scheme. */
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
}

export interface DrawnLineChart {
  update(data: LineChartData): void;
  destroy(): void;
}

const property = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

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
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const chart = new Chart(canvas, {
    type: 'line',
    data: {
      labels: [...data.rounds],
      datasets: [{ data: [...data.values], borderWidth: 2.5, pointRadius: 2.5 }],
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: calm.matches ? false : { duration: 300 },
      interaction: { mode: 'index', intersect: false },
      plugins: { tooltip: { callbacks: { label: ({ parsed }) => words.format(parsed.y ?? 0) } } },
      scales: {
        x: { title: { display: true, text: 'round' } },
        y: {
          title: { display: true, text: words.axis },
          ticks: { callback: (tick) => words.format(Number(tick)) },
        },
      },
    },
  });

  const paint = () => {
    const [ink, line, series] = [colourOf('--ink-soft'), colourOf('--line'), colourOf(words.colour)];
    const [dataset] = chart.data.datasets;
    if (dataset)
      Object.assign(dataset, { borderColor: series, backgroundColor: series, pointBackgroundColor: series });
    const font = { family: property('font-family') || 'Inter Variable, system-ui, sans-serif' };
    for (const axis of [chart.options.scales?.['x'], chart.options.scales?.['y']]) {
      if (!axis) continue;
      Object.assign(axis, { grid: { color: line }, border: { color: line } });
      Object.assign(axis.ticks ?? {}, { color: ink, font });
      if (axis.title) Object.assign(axis.title, { color: ink, font });
    }
    chart.update('none');
  };
  paint();
  scheme.addEventListener('change', paint);

  return {
    update: ({ rounds, values }) => {
      chart.data.labels = [...rounds];
      const [dataset] = chart.data.datasets;
      if (dataset) dataset.data = [...values];
      chart.update();
    },
    destroy: () => {
      scheme.removeEventListener('change', paint);
      chart.destroy();
    },
  };
}
