/**
 * Questions on a terminal. Inquirer is loaded only when one is asked. Used by the commands that
 * change a live setup, and where a server wants a password.
 */
import { Secret } from '../instance/secret.ts';

/** Both ends are a terminal: a question can be seen and answered. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stdout.isTTY;
}

/** Yes or no; no is the default. */
export async function askToConfirm(message: string): Promise<boolean> {
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'confirm' as const, name: 'yes' as const, message, default: false };
  return (await inquirer.prompt<{ yes: boolean }>([question])).yes;
}

/** A password, not shown while it is typed. */
export async function askPassword(message: string): Promise<Secret> {
  const { default: inquirer } = await import('inquirer');
  const question = { type: 'password' as const, name: 'password' as const, message };
  return new Secret((await inquirer.prompt<{ password: string }>([question])).password);
}
