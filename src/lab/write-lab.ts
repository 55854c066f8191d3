/**
 * Puts a lab's files down: everything is written into a hidden directory first, then moved into
 * place, the inventory last. If a step fails, those before it are taken back: a lab is there as a
 * whole or not at all. Files of others are never touched. Called by the init command.
 */
import { mkdir, mkdtemp, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperatorError } from '../util/errors.ts';
import { fileErrorText } from '../util/file-error.ts';
import type { PlannedFile } from './scaffold.ts';

/** Only the owner may enter the directories and read the files: they hold passwords. */
const directoryMode = 0o700;
const fileMode = 0o600;

/** Takes back one step. */
type Undo = () => Promise<void>;

/**
 * Writes `files` below `labDir`, replacing files of the same name. Throws an OperatorError when the
 * system refuses; then everything is as it was before.
 */
export async function writeLab(labDir: string, files: readonly PlannedFile[]): Promise<void> {
  const undos: Undo[] = [];
  try {
    await makeDirectory(labDir, undos);
    const stage = await mkdtemp(join(labDir, '.repl-init-'));
    const removeStage = (): Promise<void> => rm(stage, { recursive: true, force: true });
    undos.push(removeStage);
    for (const file of files) await writeIntoStage(stage, file);
    for (const { path } of files) await moveIntoPlace({ stage, labDir, path }, undos);
    await removeStage();
  } catch (error) {
    for (const undo of undos.reverse()) await undo();
    throw new OperatorError(`could not write the lab into ${labDir}`, {
      cause: fileErrorText(error),
      hint: 'everything is as it was before; another directory can be named with --dir DIR',
    });
  }
}

async function writeIntoStage(stage: string, { path, text }: PlannedFile): Promise<void> {
  await mkdir(dirname(join(stage, path)), { recursive: true, mode: directoryMode });
  await writeFile(join(stage, path), text, { mode: fileMode });
}

async function moveIntoPlace(
  { stage, labDir, path }: { stage: string; labDir: string; path: string },
  undos: Undo[],
): Promise<void> {
  const target = join(labDir, path);
  await makeDirectory(dirname(target), undos);
  if (await exists(target)) {
    const before = join(stage, `${path}.before`);
    await rename(target, before);
    undos.push(() => rename(before, target));
  }
  await rename(join(stage, path), target);
  undos.push(() => rm(target, { force: true }));
}

/**
 * Makes a directory and those above it; undone, those that were made go again if still empty. One by
 * one: told to make all of them, Node never ends where none can be made, as below /proc [Node 20].
 */
async function makeDirectory(path: string, undos: Undo[]): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await exists(at)); at = dirname(at)) missing.unshift(at);
  for (const each of missing) {
    await mkdir(each, { mode: directoryMode });
    undos.push(() => rmdir(each).catch(() => undefined));
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
