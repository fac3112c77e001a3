import { describe } from 'vitest';
import { prgSuite } from '#shared/crypto/prg-suite.ts';
import { openSslPrg } from './openssl-prg.ts';

describe('openSslPrg (ChaCha20)', () => {
  prgSuite(async () => openSslPrg);
});
