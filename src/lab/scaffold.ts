/**
 * What `repl init` writes: the inventory and one self-contained directory per node. `planLab` and
 * `renderLab` are pure; `writeLab` puts the files down, all of them or none. The only file that
 * knows the template library; templates/redis.conf.eta is what it renders.
 *
 *   repl.yaml
 *   6379/redis6379.conf      and later, beside it: redis6379.log, redis6379.pid, dump6379.rdb
 */
import { readFileSync } from 'node:fs';
import { Eta } from 'eta';
import { Secret } from '../instance/secret.ts';
import { quoteArg } from '../redis-conf/split-args.ts';
import { renderSpec, specFileName, type LabSpec, type NodeSpec } from '../topology/spec.ts';
import { nodeFiles } from './node-files.ts';
import { packageFile } from './package-files.ts';
import type { PortPlan } from './port-words.ts';

export interface LabPlan {
  /** Absolute. */
  readonly labDir: string;
  readonly spec: LabSpec;
  /** As the `bind` directive takes them; at least one. */
  readonly bind: readonly string[];
}

export interface LabWishes {
  /** Absolute. */
  readonly labDir: string;
  readonly ports: readonly PortPlan[];
  readonly engine: string;
  /** Undefined for a lab without one. */
  readonly password: Secret | undefined;
  readonly bind: readonly string[];
}

export interface PlannedFile {
  /** Relative to the lab's directory. */
  readonly path: string;
  readonly text: string;
}

/** Lays out a lab: names, directories and addresses follow from the ports. */
export function planLab({ labDir, ports, engine, password, bind }: LabWishes): LabPlan {
  const host = dialHost(bind[0]);
  const nodes = ports.map(({ port, upstreamPort }) => ({
    name: nodeName(port),
    host,
    port,
    dir: String(port),
    replicaof: upstreamPort === undefined ? undefined : nodeName(upstreamPort),
  }));
  return { labDir, spec: { version: 1, engine, password, nodes }, bind };
}

/** All files of the lab, the inventory last. */
export function renderLab(plan: LabPlan): PlannedFile[] {
  const template = readFileSync(packageFile('templates/redis.conf.eta'), 'utf8');
  const confs = plan.spec.nodes.map((node) => {
    const { conf } = nodeFiles('', node);
    return { path: conf, text: renderConf(template, plan, node) };
  });
  return [...confs, { path: specFileName, text: renderSpec(plan.spec) }];
}

/** The same plan with its password blacked out, to be shown. */
export function withoutSecrets(plan: LabPlan): LabPlan {
  if (plan.spec.password === undefined) return plan;
  return { ...plan, spec: { ...plan.spec, password: new Secret('********') } };
}

function renderConf(template: string, { labDir, spec, bind }: LabPlan, node: NodeSpec): string {
  const files = nodeFiles(labDir, node);
  const upstream = spec.nodes.find(({ name }) => name === node.replicaof);
  const eta = new Eta({ autoEscape: false, autoTrim: false });
  const text = eta.renderString(template, {
    ...node,
    ...files,
    fileName: `redis${node.port}.conf`,
    dbfilename: `dump${node.port}.rdb`,
    appenddirname: `append${node.port}`,
    password: spec.password?.reveal(),
    bind,
    upstream,
    word: confWord,
  });
  return text.replaceAll(/\n{3,}/g, '\n\n').trimEnd() + '\n';
}

/** A value of redis.conf, quoted where it must be. Bytes beyond ASCII are written as `\xHH`. */
function confWord(text: string): string {
  if (/^[\w./:*@%+,=-]+$/.test(text)) return text;
  return quoteArg(Buffer.from(text, 'utf8').toString('latin1'));
}

function nodeName(port: number): string {
  return `redis${port}`;
}

/** Where this machine dials a server that binds so: "all addresses" include loopback. */
function dialHost(bind: string): string {
  const address = bind.replace(/^-/, '');
  if (address === '*' || address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}
