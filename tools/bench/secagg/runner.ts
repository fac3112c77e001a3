/** What the suite asks of a process of Node and of a page, and what they answer. */
import type { ClientCost } from './client-bench.ts';
import type { Conditions } from './conditions.ts';

export interface CoordinatorFigures {
  /** k. */
  readonly neighbours: number;
  readonly roundMs: number;
  readonly peakBytes: number;
}

export interface Question {
  readonly of: 'client' | 'coordinator';
  readonly conditions: Conditions;
}

export interface Runner {
  client(conditions: Conditions): Promise<ClientCost>;
  close(): Promise<void>;
}

export interface NodeRunner extends Runner {
  coordinator(conditions: Conditions): Promise<CoordinatorFigures>;
}
