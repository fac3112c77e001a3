import { describe, expect, it } from 'vitest';
import { evaluateRow, groupNames } from './evaluate.ts';

describe('reference rows', () => {
  it('every group answers empty inputs with errors in its own output names', () => {
    for (const group of groupNames) {
      const { out, error } = evaluateRow(group, {});
      expect(Object.keys(out).length).toBeGreaterThan(0);
      expect(new Set(Object.values(out))).toEqual(new Set(['error']));
      expect(error).toMatch(/is not/);
    }
  });

  it('infinities and NaN travel as strings, both ways', () => {
    const row = { orders: [2, 4], rdp: ['inf', 'inf'], delta: 1e-5 };
    expect(evaluateRow('rdp_conversion', row).out).toEqual({ epsilon: 'inf', order: 2 });
    expect(evaluateRow('rdp_conversion', { ...row, rdp: ['nan', 1] }).out['epsilon']).toBe('error');
    expect(evaluateRow('special_log_bessel_i_scaled', { order: 1, v: 0 }).out).toEqual({ log_ive: '-inf' });
  });

  it('refuses inputs of another kind by name', () => {
    const refused = [
      ['rdp_conversion', { orders: 'all', rdp: [1], delta: 0.1 }, 'orders'],
      ['gaussian_exact_delta', { sigma2: '4', epsilon: 1 }, 'sigma2'],
      ['mixed_composition', { events: [3], delta: 0.1 }, 'events'],
      ['mixed_composition', { events: [{ type: 'magic', count: 1 }], delta: 0.1 }, 'type'],
      ['calibrate_local_stddev', { mechanism: 'magic', num_clients: 3 }, 'mechanism'],
      ['gaussian_composed_exact', { q: 0.5, sigma: 1, steps: 1, delta: 0.1 }, 'q'],
    ] as const;
    for (const [group, inputs, name] of refused) {
      const { error, out } = evaluateRow(group, inputs);
      expect(error).toContain(`${name}:`);
      expect(Object.values(out)).toContain('error');
    }
  });

  it('reads orders as a list, a range or the name of a set', () => {
    const inputs = { dataset_size: 100, sample_size: 10, sigma: 4, steps: 1, delta: 1e-5 };
    const epsilon = (orders: unknown): unknown =>
      evaluateRow('rdp_eps_wor_gaussian', { ...inputs, orders }).out['epsilon'];
    expect(epsilon('2..4')).toBe(epsilon([2, 3, 4]));
    expect(epsilon('INT_ORDERS')).toBeLessThanOrEqual(Number(epsilon('2..63')));
    expect(epsilon('magic')).toBe('error');
    expect(epsilon('9..2')).toBe('error');
  });

  it('does not know other groups', () => {
    expect(() => evaluateRow('magic', {})).toThrow(/group: magic/);
    expect(() => evaluateRow('constructor', {})).toThrow(/group: constructor/);
  });
});
