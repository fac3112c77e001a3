/**
 * What of an e-mail (RFC 5322) a model reads: its subject and its body. The other header fields name people and
 * hosts; in a collection they tell who collected the mail and when, which would pass for skill. MIME's encodings are not
 * undone: of a base64 part, words (text.ts) are too long to be met.
 */

/** Subject and body as one text; a mail without an empty line is all header. */
export function readableText(mail: string): string {
  const lines = mail.replace(/\r\n?/gu, '\n');
  const end = lines.indexOf('\n\n');
  const header = end < 0 ? lines : lines.slice(0, end);
  const body = end < 0 ? '' : lines.slice(end + 2);
  // A field goes on in lines that begin with white space.
  const subject = /^subject:(.*(?:\n[ \t].*)*)/imu.exec(header)?.[1] ?? '';
  return `${subject.replace(/\s+/gu, ' ').trim()}\n${body}`;
}
