/** `npm start` as a process: what it prints, and how a start that cannot be says so. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const TOKEN = /\/admin#([\w-]{43})/;
const PUBLIC_PAGE = /public page {2}(\S+)/;

let folder: string;
const flags = (...more: string[]) => [
  '--data',
  join(folder, 'data'),
  '--pages',
  join(folder, 'pages'),
  ...more,
];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorale-main-'));
  mkdirSync(join(folder, 'pages'));
  writeFileSync(join(folder, 'pages', 'index.html'), '<!doctype html><title>Chorale</title>');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts it, and ends it the gentle way once it is up; what it printed. */
async function upAndDown(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...flags('--port', '0', ...args)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    // A second signal would end it the hard way.
    if (PUBLIC_PAGE.test(printed) && !child.killed) child.kill('SIGTERM');
  }
  const code = child.exitCode ?? ((await once(child, 'exit'))[0] as number);
  expect(code).toBe(0);
  return printed;
}

/** A start that is over at once. */
function refused(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

describe('npm start', { timeout: 60_000 }, () => {
  it('prints three links with a default run, and the admin token at the first start only', async () => {
    const first = await upAndDown();
    expect(first).toMatch(TOKEN);
    expect(first).toMatch(/invitation {3}http:\/\/localhost:\d+\/join\/[\w-]{16}#[\w-]{178}\n/);
    expect(first).toMatch(/public page {2}http:\/\/localhost:\d+\/runs\/[\w-]{16}\n/);
    expect(first).toContain('Only this machine can reach it; --host opens it');

    const second = await upAndDown();
    expect(second).not.toMatch(TOKEN);
    expect(second).toContain('The admin token was printed at the first start; --new-token makes another.');
    const runOf = (printed: string) => PUBLIC_PAGE.exec(printed)?.[1]?.split('/').at(-1);
    expect(runOf(second)).toBe(runOf(first));

    const third = await upAndDown('--new-token');
    expect(TOKEN.exec(third)?.[1]).not.toBe(TOKEN.exec(first)?.[1]);
    expect(third).toMatch(TOKEN);
  });

  it('opened to the network, prints the links for others as well', async () => {
    expect(await upAndDown('--host', '127.0.0.2')).toMatch(
      /For others on this network:\n\n {2}admin {8}http:\/\/127\.0\.0\.2:\d+\/admin#/,
    );
  });

  it('with its port taken says so and what to do, and stores nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = String(typeof address === 'object' ? address?.port : '');
    const { status, stdout, stderr } = refused(...flags('--port', port));
    other.close();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      `Port ${port} is in use, perhaps by another Chorale: stop it, or choose another with --port.\n`,
    );
    // The token is shown once: a start that failed has not used it up.
    expect(await upAndDown()).toMatch(TOKEN);
  });

  it('without built pages says how to build them', () => {
    rmSync(join(folder, 'pages', 'index.html'));
    const { status, stderr } = refused(...flags('--port', '0'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^There are no built pages in .*: run "npm run build" first/);
  });

  it('on an address of another machine names the setting', () => {
    const { status, stderr } = refused(...flags('--port', '0', '--host', '192.0.2.1'));
    expect(status).toBe(1);
    expect(stderr).toBe('--host: 192.0.2.1 is no address of this machine.\n');
  });

  it('with data that is no data says which file', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'chorale.sqlite'), 'x'.repeat(8_192));
    const { status, stderr } = refused(...flags('--port', '0'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/chorale\.sqlite cannot be opened: file is not a database\.\n$/);
  });

  it('with a wrong setting prints it and the usage; --help prints the usage alone', () => {
    expect(refused('--port', 'x')).toMatchObject({ status: 2, stdout: '' });
    expect(refused('--port', 'x').stderr).toMatch(/^--port: "x" is not a port[^]*Usage: npm start/);
    expect(refused('--help')).toMatchObject({ status: 0, stderr: '' });
    expect(refused('--help').stdout).toMatch(/^Usage: npm start/);
  });
});
