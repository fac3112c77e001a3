/**
 * What every story stands on: a coordinator of its own, and pages that are watched. A story fails on any content
 * security policy violation, error on a console or uncaught exception in any page or worker, unless it said that it
 * expects one.
 */
import { test as base, expect, type BrowserContext, type ConsoleMessage } from '@playwright/test';
import { CoordinatorProcess, type CoordinatorOptions } from './coordinator.ts';

interface Watch {
  /** Every context that a story makes itself goes through here. */
  context(context: BrowserContext): BrowserContext;
  /** From here on, a console error that matches is part of the story. Policy violations never are. */
  expectError(pattern: RegExp): void;
  /** What would fail the story as it stands; forgotten by this call. */
  takeProblems(): readonly string[];
  /** Nothing after this belongs to the story. */
  end(): void;
}

interface Story {
  startCoordinator(options?: Partial<CoordinatorOptions>): Promise<CoordinatorProcess>;
  watch: Watch;
}

const POLICY = /content security policy/i;

export const test = base.extend<Story>({
  startCoordinator: async ({ watch }, use) => {
    const started: CoordinatorProcess[] = [];
    await use(async (options) => {
      const coordinator = await CoordinatorProcess.start({ build: 'product', ...options });
      started.push(coordinator);
      return coordinator;
    });
    watch.end();
    for (const coordinator of started) await coordinator.stop();
  },
  watch: [
    async ({ context }, use) => {
      const problems: string[] = [];
      let ended = false;
      const expected: RegExp[] = [];
      const note = (text: string) => {
        if (ended) return;
        if (POLICY.test(text) || !expected.some((pattern) => pattern.test(text))) problems.push(text);
      };
      const watched = (given: BrowserContext) => {
        given.on('console', (message: ConsoleMessage) => {
          if (message.type() === 'error' || POLICY.test(message.text()))
            note(`${message.text()} (${message.location().url})`);
        });
        given.on('weberror', (error) => note(String(error.error())));
        return given;
      };
      watched(context);
      await use({
        context: watched,
        expectError: (pattern) => void expected.push(pattern),
        takeProblems: () => problems.splice(0),
        end: () => (ended = true),
      });
      expect(problems, 'no policy violation and no unexpected error in any page').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
