/** Rules of docs/protocol.md and who cites them: a test or a comment that names a rule names one that exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['shared', 'coordinator', 'web', 'e2e', 'tools'];
/** Ids at the beginning of a title: 'RULE-1: …' or 'RULE-1, OTHER-2: …'. */
const TITLE = /['"`]([A-Z]{3,10}-\d+(?:, [A-Z]{3,10}-\d+)*): /g;
const ID = /\b[A-Z]{3,10}-\d+\b/g;
/** Where the document says that a test shows a rule: `RULE-1 in \`path\``. */
const SHOWN = /\b([A-Z]{3,10}-\d+) in `([^`]+)`/g;
/** The first cell of a rule's row. */
const ROW = /^\| ([A-Z]{3,10}-\d+) +\|/gm;

interface Source {
  readonly path: string;
  readonly text: string;
}

interface Missing {
  readonly path: string;
  readonly id: string;
}

const sources: readonly Source[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|svelte)$/.test(path))
    .map((path) => join(folder, path)),
)
  .filter((path) => path !== join('tools', 'rules.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const rows = (document: string): readonly string[] => [...document.matchAll(ROW)].map(([, id = '']) => id);
const familyOf = (id: string): string => id.replace(/-\d+$/, '');

/** Ids that titles begin with, whatever their family. */
const titled = ({ text }: Source): readonly string[] =>
  [...text.matchAll(TITLE)].flatMap(([, ids = '']) => ids.split(', '));

/** Ids anywhere, of the families that the document has: names of ciphers and the like look the same. */
const mentioned = ({ text }: Source, families: ReadonlySet<string>): readonly string[] =>
  [...text.matchAll(ID)].map(([id]) => id).filter((id) => families.has(familyOf(id)));

function missingRules(document: string, from: readonly Source[]): readonly Missing[] {
  const rules = new Set(rows(document));
  const families = new Set([...rules].map(familyOf));
  return from.flatMap((source) =>
    [...new Set([...titled(source), ...mentioned(source, families)])]
      .filter((id) => !rules.has(id))
      .map((id) => ({ path: source.path, id })),
  );
}

/** Tests that `document` names for a rule and that do not cite it. */
const notShown = (document: string, from: readonly Source[]): readonly Missing[] =>
  [...document.matchAll(SHOWN)]
    .map(([, id = '', path = '']) => ({ path, id }))
    .filter(({ path, id }) => !from.some((source) => source.path === path && titled(source).includes(id)));

/** Rules that no title begins with. */
function untested(document: string, from: readonly Source[]): readonly string[] {
  const cited = new Set(from.flatMap(titled));
  return rows(document).filter((id) => !cited.has(id));
}

describe('rules of the protocol', () => {
  const document = readFileSync(join(root, 'docs', 'protocol.md'), 'utf8');

  it('stand in the document once each', () => {
    const ids = rows(document);
    expect(ids.length).toBeGreaterThan(50);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  it('are there where a test or a comment cites them', () => {
    expect(sources.length).toBeGreaterThan(300);
    expect(missingRules(document, sources)).toEqual([]);
  });

  it('are there where the document itself cites them', () => {
    expect(missingRules(document, [{ path: 'docs/protocol.md', text: document }])).toEqual([]);
  });

  it('are cited by the tests that the document names for them', () => {
    expect([...document.matchAll(SHOWN)].length).toBeGreaterThan(20);
    expect(notShown(document, sources)).toEqual([]);
  });

  it('each have a test that cites them', () => {
    expect(untested(document, sources)).toEqual([]);
  });

  it('that are planted and are not there are found', () => {
    const planted = [
      { path: 'a.test.ts', text: "it('JOIN-1, WHIM-3: does what nobody wrote down', () => {});" },
      { path: 'b.ts', text: '/** MASK-99: as the design says. SHA-256 is none of them. */' },
    ];
    expect(missingRules('| JOIN-1 | a |\n| MASK-1   | b |', planted)).toEqual([
      { path: 'a.test.ts', id: 'WHIM-3' },
      { path: 'b.ts', id: 'MASK-99' },
    ]);
    expect(untested('| JOIN-1 | a |\n| MASK-1   | b |', planted)).toEqual(['MASK-1']);
    expect(
      notShown('| a | JOIN-1 in `a.test.ts`, MASK-1 in `a.test.ts`, JOIN-1 in `c.ts` |', planted),
    ).toEqual([
      { path: 'a.test.ts', id: 'MASK-1' },
      { path: 'c.ts', id: 'JOIN-1' },
    ]);
  });
});
