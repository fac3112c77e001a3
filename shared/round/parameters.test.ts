import { describe, expect, it } from 'vitest';
import { graphParameters, sparseParameters, type ThreatCounts } from './parameters.ts';

/** The design's table gives fractions; the counts are their floors. */
const counts = (
  cohort: number,
  accomplices: number,
  dropouts: number,
  coordinator: ThreatCounts['coordinator'],
): ThreatCounts => ({
  cohort,
  accomplices: Math.floor(accomplices * cohort),
  dropouts: Math.floor(dropouts * cohort),
  coordinator,
});

describe('k and t of a sparse graph: known answers', () => {
  it.each([
    { n: 100, c: 0.05, d: 0.05, k: 16, t: 11 },
    { n: 1000, c: 0.1, d: 0.1, k: 114, t: 78 },
    { n: 10_000, c: 0.05, d: 0.05, k: 74, t: 51 },
  ])('conditions 1–3, active, σ = 40: n = $n, γ = $c, δ = $d → k = $k, t = $t', ({ n, c, d, k, t }) => {
    const bits = { privacyBits: 40, correctnessBits: 30 };
    expect(sparseParameters(counts(n, c, d, 'active'), bits, 'without-fourth')).toEqual({
      neighbours: k,
      threshold: t,
    });
  });

  it('passive, σ = 40, η = 30: n = 1000, γ = δ = .33 → k = 310, t = 159', () => {
    expect(
      sparseParameters(counts(1000, 0.33, 0.33, 'passive'), { privacyBits: 40, correctnessBits: 30 }),
    ).toEqual({ neighbours: 310, threshold: 159 });
  });

  it.each([
    { n: 1000, c: 0.33, d: 0.33, coordinator: 'passive' as const, k: 286, t: 150 },
    { n: 1000, c: 0.3, d: 0.3, coordinator: 'active' as const, k: 872, t: 584 },
    { n: 100, c: 0.05, d: 0.33, coordinator: 'active' as const, k: 72, t: 39 },
  ])(
    'conditions 1–3, η = 20, as google-parfait fcp: $coordinator $n, $c, $d → $k, $t',
    ({ n, c, d, coordinator, k, t }) => {
      const bits = { privacyBits: 40, correctnessBits: 20 };
      expect(sparseParameters(counts(n, c, d, coordinator), bits, 'without-fourth')).toEqual({
        neighbours: k,
        threshold: t,
      });
    },
  );

  it.each([
    { n: 100, c: 0.05, d: 0.05, k: 16, t: 11 },
    { n: 300, c: 0.1, d: 0.1, k: 82, t: 57 },
    { n: 1000, c: 0.1, d: 0.1, k: 142, t: 101 },
    { n: 10_000, c: 0.05, d: 0.05, k: 96, t: 70 },
  ])('all four conditions at the defaults: n = $n, γ = $c, δ = $d → k = $k, t = $t', ({ n, c, d, k, t }) => {
    expect(graphParameters(counts(n, c, d, 'active'))).toEqual({
      ok: true,
      value: { graph: 'sparse', neighbours: k, threshold: t },
    });
  });
});
