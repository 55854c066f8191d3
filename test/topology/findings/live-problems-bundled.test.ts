import { testProblemsOn } from './live-problems.ts';

testProblemsOn('bundled');
