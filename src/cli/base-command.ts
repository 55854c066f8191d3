/**
 * What all commands share: the flags that each of them has, finding the lab, `--json`, and how a
 * command ends. Every file under src/commands extends this class. A command parses its flags,
 * makes one call into lab/ or topology/, and renders one view; it imports what is heavy inside
 * `run()`. Errors are thrown and reported by run.ts, never printed here.
 */
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import { OperatorError } from '../util/errors.ts';
import type { ExitCode } from './exit-codes.ts';
import { fitFor } from './views/fit.ts';

export abstract class BaseCommand extends Command {
  /** With `--json`, what `run()` returns is printed, and nothing else is. */
  static override enableJsonFlag = true;

  static override baseFlags = {
    json: Flags.boolean({
      description: 'print one JSON document, for programs',
      helpGroup: 'GLOBAL',
    }),
    lab: Flags.string({
      helpValue: 'DIR',
      env: 'REPL_LAB',
      description: 'the lab to work on; by default the nearest repl.yaml, from here upwards',
      helpGroup: 'GLOBAL',
    }),
  };

  /** The directory with the `repl.yaml` that is meant. Throws an OperatorError where there is none. */
  protected async labDir(flags: { readonly lab?: string | undefined }): Promise<string> {
    const { findLabDir } = await import('../lab/find-lab.ts');
    return findLabDir({ cwd: process.cwd(), lab: flags.lab });
  }

  /** The same, and undefined where there is none; a lab that was named must be there. */
  protected async labDirIfAny(flags: {
    readonly lab?: string | undefined;
  }): Promise<string | undefined> {
    try {
      return await this.labDir(flags);
    } catch (error) {
      if (flags.lab === undefined && error instanceof OperatorError) return undefined;
      throw error;
    }
  }

  /** Text for people: no line end is added. Nothing under `--json`. */
  protected write(text: string): void {
    this.writeAsIs(fitFor(process.stdout, text));
  }

  /** Text whose lines must not be broken, however narrow the terminal is. */
  protected writeAsIs(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(text);
  }

  /** A JSON schema for the screen; under `--json` it is the document. */
  protected printSchema(schema: object): object {
    this.writeAsIs(`${JSON.stringify(schema, null, 2)}\n`);
    return schema;
  }

  /** The exit code for when `run()` returns. */
  protected endWith(code: ExitCode): void {
    process.exitCode = code;
  }

  /** run.ts reports errors: there is one place for their form and their exit codes. */
  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error);
  }

  /** Plain JSON: what reads it is a program. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, null, 2)}\n`);
  }
}
