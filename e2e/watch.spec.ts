/** The watch that stands behind every story is shown to bite. */
import { expect, test } from './harness/story.ts';

for (const { what, breakPage, problem } of [
  {
    what: 'a script that the policy forbids',
    breakPage: () => {
      const script = document.createElement('script');
      script.textContent = 'window.name = "inline"';
      document.head.append(script);
    },
    problem: /content security policy/i,
  },
  {
    what: 'a style that the policy forbids',
    breakPage: () => document.body.insertAdjacentHTML('beforeend', '<p style="color: red">a</p>'),
    problem: /content security policy/i,
  },
  {
    what: 'an exception that nobody caught',
    breakPage: () => void setTimeout(() => JSON.parse('no JSON')),
    problem: /SyntaxError/,
  },
  {
    what: 'a resource that is missing',
    breakPage: () => fetch('/api/models/none').then((response) => response.status),
    problem: /404/,
  },
])
  test(`a story fails by ${what}`, async ({ page, startCoordinator, watch }) => {
    const { origin } = await startCoordinator();
    await page.goto(origin);
    // Excuses are for what is expected, never for the policy.
    if (problem.test('content security policy')) watch.expectError(/./);
    await page.evaluate(breakPage);
    let found: readonly string[] = [];
    await expect.poll(() => (found = watch.takeProblems())).toHaveLength(1);
    expect(found[0]).toMatch(problem);
  });
