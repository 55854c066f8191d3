import { testProblemsOn } from './live-problems.ts';

testProblemsOn('valkey8');
