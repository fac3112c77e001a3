import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inlineScriptHashes } from './security-headers.ts';

describe('the hashes of a page’s inline scripts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'chorale-pages-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const page = (body: string) => writeFileSync(join(folder, 'index.html'), body);

  it('are of each script’s text, to the last blank', () => {
    const bootstrap = '\n\t{ start(); }\n';
    page(`<p>Hello</p><script>${bootstrap}</script><script type="module" data-x>import('/a.js')</script>`);
    expect(inlineScriptHashes(folder)).toEqual([hashOf(bootstrap), hashOf("import('/a.js')")]);
  });

  it('leave out scripts that are files', () => {
    page('<script src="/a.js"></script><script defer src="/b.js"></script>');
    expect(inlineScriptHashes(folder)).toEqual([]);
  });

  it('cannot be had of pages that were never built, and the sentence says how they are', () => {
    expect(() => inlineScriptHashes(folder)).toThrow(
      `There are no built pages in ${folder}: run "npm run build"`,
    );
  });
});
