/** Reference values of public libraries (dp-accounting.json, whose header names them) and how near a row must come. */
import { readFileSync } from 'node:fs';

export interface ReferenceRow {
  readonly id: string;
  readonly group: string;
  readonly in: Readonly<Record<string, unknown>>;
  readonly out: Readonly<Record<string, unknown>>;
}

interface ReferenceFile {
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: readonly ReferenceRow[];
}

export const reference: ReferenceFile = JSON.parse(
  readFileSync(new URL('dp-accounting.json', import.meta.url), 'utf8'),
);

/** Allowed distance: the larger of a share of the reference and an absolute amount. */
interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

const exactly = { relative: 0, absolute: 0 };
const within = (relative: number, absolute = 0): Tolerance => ({ relative, absolute });

/** Columns that inform about the reference run and are not compared. */
const INFORMATION = new Set([
  'epsilon_default_orders_dp_accounting',
  'order_default_dp_accounting',
  'rdp_dp_accounting',
  'discretization',
  'discretization_coarse',
  'epsilon_coarse',
  'epsilon_uncertainty',
]);

const LOSSES = within(2e-3, 1e-3);

const BY_GROUP: Readonly<Record<string, Tolerance>> = {
  adaptive_clip_split: within(1e-12),
  analytic_gaussian_epsilon: within(1e-6),
  analytic_gaussian_sigma: within(1e-6),
  calibrate_local_stddev: within(1e-6),
  calibrate_sigma_pld: within(1e-2),
  calibrate_sigma_rdp: within(1e-6),
  clopper_pearson: within(1e-6),
  ddgauss_epsilon: within(1e-9),
  ddgauss_rdp: within(1e-9),
  discrete_gaussian_exact_delta: within(1e-6, 1e-14),
  discrete_gaussian_moments: within(1e-9),
  discrete_gaussian_pmf: within(1e-9),
  discrete_laplace_pld: LOSSES,
  discrete_laplace_pmf: within(1e-9),
  eps_to_zcdp: within(1e-6),
  gaussian_composed_exact: within(1e-6),
  gaussian_exact_delta: within(1e-6),
  heuristic_scale: within(1e-12),
  laplace: within(1e-6),
  laplace_rdp: within(1e-6),
  ledger_curve: within(1e-6),
  mixed_composition: within(1e-6),
  one_run_audit_eps: within(0, 1e-4),
  one_run_audit_fdp_eps: within(0, 1e-4),
  one_run_audit_pvalue: within(1e-9),
  params_heuristic: within(1e-2),
  pld_poisson_gaussian: within(1e-3, 1e-4),
  pld_poisson_gaussian_delta: within(1e-2),
  rdp_conversion: within(1e-9),
  rdp_curve_poisson_gaussian: within(1e-9),
  rdp_curve_wor_gaussian: within(1e-6),
  rdp_eps_poisson_gaussian: within(1e-6),
  rdp_eps_wor_gaussian: within(1e-6),
  rounded_norm_bound: within(1e-12),
  skellam_epsilon: within(1e-9),
  skellam_pmf: within(1e-9),
  skellam_rdp: within(1e-9),
  special_binom_sf: within(1e-10),
  special_lgamma: within(1e-10),
  special_log_bessel_i_scaled: within(1e-10),
  special_log_erfc: within(1e-10),
  special_normal_quantile: within(1e-10),
  subsampled_rdp_generic: within(1e-9),
  toeplitz_mf: within(1e-9),
  tree_no_restart: within(1e-6),
  tree_restart: within(1e-6),
  zcdp_to_delta: within(1e-6, 1e-14),
  zcdp_to_eps: within(1e-6),
};

export interface Comparison {
  readonly name: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly tolerance: Tolerance;
}

/** Every number of a row that is compared, with what the accountant gave for it. */
export function comparisons(row: ReferenceRow, out: Readonly<Record<string, unknown>>): Comparison[] {
  const group = BY_GROUP[row.group];
  if (group === undefined) throw new Error(`no tolerance for ${row.group}`);
  const found: Comparison[] = [];
  for (const [name, expected] of Object.entries(row.out)) {
    if (INFORMATION.has(name)) continue;
    const [wanted, given] = [numbered(expected), numbered(out[name])];
    for (const [key, value] of wanted) {
      const tolerance = toleranceOf(row, name, key, value, group);
      if (tolerance !== null)
        found.push({ name: name + key, expected: value, actual: given.get(key), tolerance });
    }
  }
  return found;
}

/** A scalar under '', list items under [0], [1], …, object fields under .name. */
function numbered(value: unknown): ReadonlyMap<string, unknown> {
  if (Array.isArray(value))
    return new Map(value.map((item: unknown, index) => [`[${index}]`, item] as const));
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([name, item]) => [`.${name}`, item] as const));
  }
  return new Map([['', value]]);
}

/** What departs from the group's tolerance; null where the README compares nothing. */
function toleranceOf(
  row: ReferenceRow,
  name: string,
  key: string,
  expected: unknown,
  group: Tolerance,
): Tolerance | null {
  if (name.startsWith('order') || name === 'sum_sensitivity_sq' || name === 'sign') return exactly;
  if (name === 'cdf') return within(1e-7);
  if (name.includes('_pld')) return LOSSES;
  if (name === 'zcdp_rho') return within(1e-9);
  switch (row.group) {
    case 'params_heuristic':
      return null;
    case 'pld_poisson_gaussian': {
      const uncertainty = row.out['epsilon_uncertainty'];
      return within(1e-3, Math.max(1e-4, typeof uncertainty === 'number' ? 3 * uncertainty : 0));
    }
    case 'pld_poisson_gaussian_delta':
      return typeof expected === 'number' && expected > 1e-10 ? group : null;
    case 'rdp_curve_poisson_gaussian':
      return isIntegerOrder(row, key) ? group : within(1e-5, 1e-12);
    default:
      return group;
  }
}

function isIntegerOrder(row: ReferenceRow, key: string): boolean {
  return Number.isInteger(numbered(row.in['orders']).get(key));
}

/** How a number misses its reference, or null: below is under-reporting, above is waste, both beyond the tolerance. */
export function deviation({ name, expected, actual, tolerance }: Comparison): string | null {
  if (typeof expected !== 'number' || typeof actual !== 'number') {
    return expected === actual ? null : `${name}: ${String(actual)} for ${String(expected)}`;
  }
  const distance = Math.abs(actual - expected);
  if (distance <= Math.max(tolerance.relative * Math.abs(expected), tolerance.absolute)) return null;
  return `${name}: ${actual} is ${actual < expected ? 'below' : 'above'} ${expected} by ${distance}`;
}
