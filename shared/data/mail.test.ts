import { describe, expect, it } from 'vitest';
import { readableText } from './mail.ts';

describe('an e-mail', () => {
  it('is read as its subject and its body; other fields are left out', () => {
    const mail =
      'From sender@example.org Thu Aug 22 2002\r\nReceived: from host\r\n\tby relay\r\n' +
      'subject: Lunch\r\n  on Friday?\r\nX-Mailer: M\r\n\r\nAt one.\r\n\r\nSubject: not this\r\n';
    expect(readableText(mail)).toBe('Lunch on Friday?\nAt one.\n\nSubject: not this\n');
  });

  it('may have no subject, an empty one, or no body', () => {
    expect(readableText('From: a\n\nHello')).toBe('\nHello');
    expect(readableText('Subject:\nFrom: a\n\nHello')).toBe('\nHello');
    expect(readableText('Subject: alone')).toBe('alone\n');
    expect(readableText('From: a\n\nHello\nSubject: quoted')).toBe('\nHello\nSubject: quoted');
  });

  it('does not take a folded line of another field for its subject', () => {
    expect(readableText('X-Note: see\n subject: wrong\nSubject: right\n\n')).toBe('right\n');
  });
});
