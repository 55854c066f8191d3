/** What the simulator's build offers to the process that built it: to replay one seed. */
export { printFailure, printRun } from './report.ts';
export { scenarioOf, simulate } from './simulate.ts';
