/**
 * Headers of every response. Strict content security policy: scripts, styles, workers and connections of this
 * origin alone, WebAssembly allowed, nothing inline but the page's own bootstrap, by hash. COOP and COEP make the
 * page cross-origin isolated. No HSTS and no upgrade: a plain-http page on a LAN must work.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The style attribute of SvelteKit's route announcer, the only one there is; it cannot be turned off. */
const ANNOUNCER_STYLE = "'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='";

/** CSP sources for the inline scripts of the built page. */
export function inlineScriptHashes(pagesFolder: string): string[] {
  const page = join(pagesFolder, 'index.html');
  if (!existsSync(page))
    throw new Error(
      `There are no built pages in ${pagesFolder}: run "npm run build" first ("npm start" does).`,
    );
  const scripts = readFileSync(page, 'utf8').matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g);
  return [...scripts].map(
    ([, text = '']) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`,
  );
}

export function securityHeaders(scriptHashes: readonly string[]): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'", ...scriptHashes],
        workerSrc: ["'self'"],
        styleSrc: ["'self'"],
        styleSrcAttr: ["'unsafe-hashes'", ANNOUNCER_STYLE],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    originAgentCluster: true,
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
  });
}
