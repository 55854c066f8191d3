import { describe, expect, it } from 'vitest';
import { addressKey, asSeenFrom, formatAddress, parseAddress } from '../../src/instance/address.ts';

describe('an address', () => {
  it('is read from what people type', () => {
    expect(parseAddress('6379')).toEqual({ host: '127.0.0.1', port: 6379 });
    expect(parseAddress('db.example:6380')).toEqual({ host: 'db.example', port: 6380 });
    expect(parseAddress('[::1]:6381')).toEqual({ host: '::1', port: 6381 });
    expect(parseAddress('::1:6381')).toEqual({ host: '::1', port: 6381 });
    const refused = ['', 'host', 'host:', ':6379', '0', '65536', 'host:x', '[::1]'];
    expect(refused.filter((text) => parseAddress(text) !== undefined)).toEqual([]);
  });

  it('is printed so that it can be read again', () => {
    for (const text of ['127.0.0.1:6379', '[2001:db8::1]:6379', 'db.example:1']) {
      expect(formatAddress(parseAddress(text) ?? { host: '', port: 0 })).toBe(text);
    }
  });

  it('may be a Unix socket', () => {
    const socket = { host: '/run/redis.sock', port: 0 };
    expect(parseAddress('/run/redis.sock')).toEqual(socket);
    expect(parseAddress('unix:/run/redis.sock')).toEqual(socket);
    expect(parseAddress('unix:run/redis.sock')).toBeUndefined();
    expect(formatAddress(socket)).toBe('/run/redis.sock');
    expect(addressKey(socket)).toBe('/run/redis.sock');
    expect(asSeenFrom(socket, { host: '127.0.0.1', port: 1 }).host).toBe('127.0.0.1');
  });

  it('has one key for spellings that certainly mean one server', () => {
    const key = (host: string): string => addressKey({ host, port: 1 });
    expect(key('LOCALHOST')).toBe(key('127.0.0.1'));
    expect(key('::ffff:10.0.0.1')).toBe(key('10.0.0.1'));
    expect(key('Db.Example.')).toBe(key('db.example'));
    expect(key('::1')).not.toBe(key('127.0.0.1'));
  });

  it('of a loopback in the mouth of a remote node is on that node', () => {
    const remote = { host: '10.0.0.5', port: 6379 };
    expect(asSeenFrom(remote, { host: '127.0.0.1', port: 7000 })).toEqual({
      host: '10.0.0.5',
      port: 7000,
    });
    expect(asSeenFrom(remote, { host: '10.0.0.6', port: 7000 }).host).toBe('10.0.0.6');
    expect(asSeenFrom({ host: '::1', port: 1 }, { host: '127.0.0.1', port: 2 }).host).toBe(
      '127.0.0.1',
    );
  });
});
