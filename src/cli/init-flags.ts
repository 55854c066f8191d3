/**
 * The flags of `repl init`: what the help says of them, and their shape for those who read them.
 */
import * as Flags from '@oclif/core/flags';

export interface InitFlags {
  readonly password?: string | undefined;
  readonly 'no-auth': boolean;
  readonly bind: string;
  readonly engine: string;
  readonly dir?: string | undefined;
  readonly lab?: string | undefined;
  readonly start: boolean;
  readonly force: boolean;
}

export const initFlags = {
  start: Flags.boolean({
    default: false,
    description: 'start the nodes, wait for the links and show the status',
  }),
  password: Flags.string({
    helpValue: 'PASSWORD|-',
    description:
      'for every node; by default one is made. Others on this machine can see what you type here: ' +
      'better set REPL_PASSWORD, or give - and the first line of stdin is taken',
  }),
  'no-auth': Flags.boolean({ default: false, description: 'no password at all' }),
  bind: Flags.string({
    default: '127.0.0.1',
    helpValue: 'IP,…',
    description: 'the addresses to listen on; the first is the one that replicas dial',
  }),
  engine: Flags.string({
    default: 'bundled',
    helpValue: 'bundled|redis|valkey|PATH',
    description: 'the server that runs the nodes; bundled comes with repl',
  }),
  dir: Flags.string({
    helpValue: 'DIR',
    description: 'where to make the lab; by default --lab, or here',
  }),
  force: Flags.boolean({
    default: false,
    description: "write a lab's files anew; data and other files stay, a running lab is refused",
  }),
  'dry-run': Flags.boolean({
    default: false,
    description: 'print what would be written, and write nothing',
  }),
};
