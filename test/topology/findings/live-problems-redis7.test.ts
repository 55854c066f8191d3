import { testProblemsOn } from './live-problems.ts';

testProblemsOn('redis7');
