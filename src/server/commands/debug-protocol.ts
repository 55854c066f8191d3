/** DEBUG PROTOCOL: one sample of each type of reply, for those who test a client. */
import type { Call } from '../call.ts';

const samples: Readonly<Record<string, (call: Call) => void>> = {
  string: ({ reply }) => reply.bulkText('Hello World'),
  integer: ({ reply }) => reply.integer(12345),
  double: ({ reply }) => reply.double('3.141'),
  null: ({ reply }) => reply.nil(),
  array: ({ reply }) => {
    reply.array(3);
    for (let value = 0; value < 3; value++) reply.integer(value);
  },
  set: ({ reply }) => {
    reply.set(3);
    for (let value = 0; value < 3; value++) reply.integer(value);
  },
  map: ({ reply }) => {
    reply.map(3);
    for (let value = 0; value < 3; value++) {
      reply.integer(value);
      reply.boolean(value === 1);
    }
  },
  attrib: ({ reply }) => {
    // RESP2 has no attributes: only the reply itself is sent.
    if (reply.resp3) reply.raw(attribute);
    reply.bulkText('Some real reply following the attribute');
  },
  push: (call) => {
    if (!call.reply.resp3) {
      call.error('ERR RESP2 is not supported by this command');
      return;
    }
    call.reply.push(2);
    call.reply.bulkText('server-cpu-usage');
    call.reply.integer(42);
    call.reply.bulkText('Some real reply following the push reply');
  },
  bignum: ({ reply }) => {
    if (reply.resp3) reply.raw(Buffer.from(`(${bigNumber}\r\n`));
    else reply.bulkText(bigNumber);
  },
  true: ({ reply }) => reply.boolean(true),
  false: ({ reply }) => reply.boolean(false),
  verbatim: ({ reply }) => reply.verbatim('This is a verbatim\nstring'),
};

const attribute = Buffer.from('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n');
const bigNumber = '1234567999999999999999999999999999999';

export function debugProtocol(call: Call): void {
  const type = call.text(2).toLowerCase();
  const sample = Object.hasOwn(samples, type) ? samples[type] : undefined;
  if (sample !== undefined) sample(call);
  else {
    call.error(
      'ERR Wrong protocol type name. Please use one of the following: string|integer|double|' +
        'bignum|null|array|set|map|attrib|push|verbatim|true|false',
    );
  }
}
