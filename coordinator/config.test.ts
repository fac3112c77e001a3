import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, readConfig } from './config.ts';

describe('the settings', () => {
  it('bind this machine alone, on port 8787, with ./data, where nothing is said', () => {
    expect(readConfig([], {})).toEqual(DEFAULT_CONFIG);
    expect(DEFAULT_CONFIG).toMatchObject({ port: 8787, host: '127.0.0.1', newToken: false });
    expect(DEFAULT_CONFIG.dataFolder).toMatch(/\/data$/);
  });

  it('take flags before the environment, and the environment before the defaults', () => {
    const env = { CHORALE_PORT: '1234', CHORALE_HOST: '10.0.0.1', CHORALE_DATA: '/a' };
    expect(readConfig([], env)).toMatchObject({ port: 1234, host: '10.0.0.1', dataFolder: '/a' });
    const flags = ['--port', '0', '--host', '10.0.0.2', '--data', '/b', '--pages', '/c'];
    expect(readConfig(flags, env)).toMatchObject({
      port: 0,
      host: '10.0.0.2',
      dataFolder: '/b',
      pagesFolder: '/c',
    });
  });

  it.each([
    [['--host'], '0.0.0.0'],
    [['--host', '--port', '5'], '0.0.0.0'],
    [['--host', '192.168.1.5'], '192.168.1.5'],
  ])('%j listens on %s', (args, host) => {
    expect(readConfig(args, {})).toMatchObject({ host });
  });

  it('know --new-token, --verbose and --help', () => {
    expect(readConfig(['--new-token', '--verbose'], {})).toMatchObject({ newToken: true, logLevel: 'info' });
    expect(readConfig(['--help'], {})).toBe('help');
  });

  it('take ICE servers as JSON or from a file of JSON, and none by default', () => {
    const servers = [
      { urls: 'stun:stun.example:3478' },
      { urls: ['turn:turn.example'], username: 'a', credential: 'b' },
    ];
    expect(DEFAULT_CONFIG.iceServers).toEqual([]);
    const json = JSON.stringify(servers);
    expect(readConfig(['--ice-servers', json], {})).toMatchObject({ iceServers: servers });
    const folder = mkdtempSync(join(tmpdir(), 'chorale-ice-'));
    const file = join(folder, 'ice.json');
    writeFileSync(file, json);
    expect(readConfig(['--ice-servers', file], {})).toMatchObject({ iceServers: servers });
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['/nowhere/ice.json', /^--ice-servers: \/nowhere\/ice.json cannot be read/],
    ['[{', /^--ice-servers: not JSON/],
    ['[{"urls": "https://stun.example"}]', /^--ice-servers: 0.urls: /],
    ['[{"urls": []}]', /^--ice-servers: 0.urls: /],
    ['[{}]', /^--ice-servers: 0.urls: /],
    ['[{"urls": "turn:turn.example"}]', /^--ice-servers: 0: a TURN server needs a username/],
    ['[{"urls": "stun:a", "password": "b"}]', /^--ice-servers: 0.password: /],
    [JSON.stringify(Array.from({ length: 9 }, () => ({ urls: 'stun:a' }))), /^--ice-servers: /],
  ])('%s as ICE servers is refused with what is wrong', (given, sentence) => {
    expect(() => readConfig(['--ice-servers', given], {})).toThrow(sentence);
  });

  it.each([
    [['--port', 'http'], {}, /^--port: "http" is not a port/],
    [['--port', '65536'], {}, /^--port: "65536"/],
    [['--port', '-1'], {}, /--port/],
    [[], { CHORALE_PORT: '8.5' }, /^CHORALE_PORT: "8\.5"/],
    [['--host='], {}, /^--host: an address/],
    [[], { CHORALE_HOST: ' ' }, /^CHORALE_HOST: an address/],
    [['--prot', '1'], {}, /--prot/],
    [['serve'], {}, /serve/],
  ])('%j with %j are refused by name', (args, env, sentence) => {
    expect(() => readConfig(args, env)).toThrow(sentence);
  });
});
