import { describe } from 'vitest';
import { agreementSuite } from '#shared/crypto/agreement-suite.ts';
import { openSslAgreement } from './openssl-agreement.ts';

describe('openSslAgreement (X25519)', () => {
  agreementSuite(async () => openSslAgreement);
});
