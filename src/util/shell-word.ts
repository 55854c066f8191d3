/** Words of a command that is suggested to the user: to be copied, whatever is in them. */

/** As a shell reads it back: in quotes where it holds anything but what needs none. */
export function shellWord(text: string): string {
  if (/^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
