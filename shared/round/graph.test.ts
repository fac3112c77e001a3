import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '@noble/hashes/sha2.js';
import { neighbourhoods } from './graph.ts';

const rootOf = (seed: number) => sha256(Uint8Array.of(seed));
const sparse = (neighbours: number) => ({ graph: 'sparse', neighbours, threshold: 2 }) as const;

function reachable(graph: readonly (readonly number[])[], gone: ReadonlySet<number>): number {
  const start = graph.findIndex((_, index) => !gone.has(index));
  const seen = new Set([start]);
  const open = [start];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const next of graph[at] ?? [])
      if (!gone.has(next) && !seen.has(next)) {
        seen.add(next);
        open.push(next);
      }
  return seen.size;
}

describe('neighbours', () => {
  it('the complete graph joins everyone with everyone else', () => {
    expect(neighbourhoods(4, { graph: 'complete', neighbours: 3, threshold: 3 }, rootOf(0))).toEqual([
      [1, 2, 3],
      [0, 2, 3],
      [0, 1, 3],
      [0, 1, 2],
    ]);
  });

  it('a sparse graph is k-regular, symmetric, without loops, and stays connected when fewer than k leave', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 120 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 255 }),
        (cohort, half, seed) => {
          const k = 2 * half;
          const graph = neighbourhoods(cohort, sparse(k), rootOf(seed));
          graph.forEach((list, self) => {
            expect(new Set(list).size).toBe(k);
            expect(list).not.toContain(self);
            for (const other of list) expect(graph[other]).toContain(self);
          });
          // Harary graphs are k-connected: no k − 1 departures cut them.
          const gone = new Set((graph[0] ?? []).slice(1));
          expect(reachable(graph, gone)).toBe(cohort - gone.size);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('the same root gives the same graph, another root another', () => {
    expect(neighbourhoods(40, sparse(6), rootOf(1))).toEqual(neighbourhoods(40, sparse(6), rootOf(1)));
    expect(neighbourhoods(40, sparse(6), rootOf(1))).not.toEqual(neighbourhoods(40, sparse(6), rootOf(2)));
  });
});
