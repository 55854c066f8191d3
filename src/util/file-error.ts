/** What the file system answers, in plain words. For the `why` of an OperatorError. */

/** System error codes → a clause about the path. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'you may not use',
  EPERM: 'you may not use',
  EEXIST: 'something else is there already:',
  ENOTDIR: 'a file is where a directory is wanted:',
  EISDIR: 'a directory is where a file is wanted:',
  ENOENT: 'there is no',
  EROFS: 'nothing can be written to',
  ENOSPC: 'no space is left for',
  EDQUOT: 'your quota is used up for',
  ENAMETOOLONG: 'the name is too long:',
};

/** `you may not use /srv/lab (EACCES)`; the error's own text where it has no such code and path. */
export function fileErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path } = error as NodeJS.ErrnoException;
  const clause = words[code ?? ''];
  return clause === undefined || path === undefined ? error.message : `${clause} ${path} (${code})`;
}
