/**
 * What arguments the commands take, as Redis 7.0.15 describes them (those that came later: 8.0.2).
 * Made by test/server/commands/make-command-arguments.ts; command-arguments.ts says how to read it.
 */
export const commandArgumentsTable = `\
append key.k0 value
auth username@6.0.0? password
bgsave schedule.t@3.2.2?
bitcount key.k0 index?{start.i end.i index_unit@7.0.0?(byte.t bit.t)}
bitfield key.k0 operation?*(encoding_offset=GET{encoding offset.i}
  write{wrap_sat_fail=OVERFLOW?(wrap.t sat.t fail.t)
  write_operation(encoding_offset_value=SET{encoding offset.i value.i}
  encoding_offset_increment=INCRBY{encoding offset.i increment.i})})
bitfield_ro key.k0 encoding_offset=GET?*+{encoding offset.i}
bitop operation destkey.k0 key.k1*
bitpos key.k0 bit.i index?{start.i end_index?{end.i index_unit@7.0.0?(byte.t bit.t)}}
blmove source.k0 destination.k1 wherefrom(left.t right.t) whereto(left.t right.t) timeout.d
blmpop timeout.d numkeys.i key.k0* where(left.t right.t) count.i=COUNT?
blpop key.k0* timeout.d
brpop key.k0* timeout.d
brpoplpush source.k0 destination.k1 timeout.d
bzmpop timeout.d numkeys.i key.k0* where(min.t max.t) count.i=COUNT?
bzpopmax key.k0* timeout.d
bzpopmin key.k0* timeout.d
client|caching mode(yes.t no.t)
client|kill filter(ip:port~2.8.12 new-format*(client-id.i=ID@2.8.12?
  normal_master_slave_pubsub=TYPE@2.8.12?(normal.t master.t@3.2.0 slave.t replica.t@5.0.0 pubsub.t)
  username=USER? ip:port=ADDR? ip:port=LADDR@6.2.0? yes/no=SKIPME?))
client|list normal_master_replica_pubsub=TYPE@5.0.0?(normal.t master.t replica.t pubsub.t)
  id=ID@6.2.0?{client-id.i*}
client|no-evict enabled(on.t off.t)
client|no-touch enabled(on.t off.t)
client|pause timeout.i mode@6.2.0?(write.t all.t)
client|reply on_off_skip(on.t off.t skip.t)
client|setinfo attr(libname=LIB-NAME libver=LIB-VER)
client|setname connection-name
client|unblock client-id.i timeout_error?(timeout.t error.t)
cluster|addslots slot.i*
cluster|addslotsrange start-slot_end-slot*{start-slot.i end-slot.i}
cluster|count-failure-reports node-id
cluster|countkeysinslot slot.i
cluster|delslots slot.i*
cluster|delslotsrange start-slot_end-slot*{start-slot.i end-slot.i}
cluster|failover options?(force.t takeover.t)
cluster|forget node-id
cluster|getkeysinslot slot.i count.i
cluster|keyslot key
cluster|meet ip port.i cluster_bus_port.i@4.0.0?
cluster|replicas node-id
cluster|replicate node-id
cluster|reset hard_soft?(hard.t soft.t)
cluster|set-config-epoch config-epoch.i
cluster|setslot slot.i subcommand(node-id=IMPORTING node-id=MIGRATING node-id=NODE stable.t)
cluster|slaves node-id
command|docs command-name?*
command|info command-name?*
command|list filterby=FILTERBY?(module-name=MODULE category=ACLCAT pattern.p=PATTERN)
config|get parameter*{parameter}
config|set parameter_value*{parameter value}
copy source.k0 destination.k1 destination-db.i=DB? replace.t?
decr key.k0
decrby key.k0 decrement.i
del key.k0*
dump key.k0
echo message
exists key.k0*
expire key.k0 seconds.i condition@7.0.0?(nx.t xx.t gt.t lt.t)
expireat key.k0 unix-time-seconds.u condition@7.0.0?(nx.t xx.t gt.t lt.t)
expiretime key.k0
failover target=TO?{host port.i force.t?} abort.t? milliseconds.i=TIMEOUT?
flushall async?(async.t@4.0.0 sync.t@6.2.0)
flushdb async?(async.t@4.0.0 sync.t@6.2.0)
geoadd key.k0 condition@6.2.0?(nx.t xx.t) change.t=CH@6.2.0? longitude_latitude_member*{longitude.d
  latitude.d member}
geodist key.k0 member1 member2 unit?(m.t km.t ft.t mi.t)
geohash key.k0 member*
geopos key.k0 member*
georadius key.k0 longitude.d latitude.d radius.d unit(m.t km.t ft.t mi.t) withcoord.t? withdist.t?
  withhash.t? count?{count.i=COUNT any.t@6.2.0?} order?(asc.t desc.t) key.k1=STORE?
  key.k2=STOREDIST?
georadius_ro key.k0 longitude.d latitude.d radius.d unit(m.t km.t ft.t mi.t) withcoord.t?
  withdist.t? withhash.t? count?{count.i=COUNT any.t@6.2.0?} order?(asc.t desc.t)
georadiusbymember key.k0 member radius.d unit(m.t km.t ft.t mi.t) withcoord.t? withdist.t?
  withhash.t? count?{count.i=COUNT any.t?} order?(asc.t desc.t) key.k1=STORE? key.k2=STOREDIST?
georadiusbymember_ro key.k0 member radius.d unit(m.t km.t ft.t mi.t) withcoord.t? withdist.t?
  withhash.t? count?{count.i=COUNT any.t?} order?(asc.t desc.t)
geosearch key.k0 from(member=FROMMEMBER longitude_latitude=FROMLONLAT{longitude.d latitude.d})
  by(circle{radius.d=BYRADIUS unit(m.t km.t ft.t mi.t)} box{width.d=BYBOX height.d unit(m.t km.t
  ft.t mi.t)}) order?(asc.t desc.t) count?{count.i=COUNT any.t?} withcoord.t? withdist.t?
  withhash.t?
geosearchstore destination.k0 source.k1 from(member=FROMMEMBER
  longitude_latitude=FROMLONLAT{longitude.d latitude.d}) by(circle{radius.d=BYRADIUS unit(m.t km.t
  ft.t mi.t)} box{width.d=BYBOX height.d unit(m.t km.t ft.t mi.t)}) order?(asc.t desc.t)
  count?{count.i=COUNT any.t?} storedist.t?
get key.k0
getbit key.k0 offset.i
getdel key.k0
getex key.k0 expiration?(seconds.i=EX milliseconds.i=PX unix-time-seconds.u=EXAT
  unix-time-milliseconds.u=PXAT persist.t)
getrange key.k0 start.i end.i
getset key.k0 value
hdel key.k0 field*
hello arguments?{protover.i username_password=AUTH?{username password} clientname=SETNAME?}
hexists key.k0 field
hexpire key.k0 seconds.i condition?(nx.t xx.t gt.t lt.t) fields=FIELDS{numfields.i field*}
hexpireat key.k0 unix-time-seconds.u condition?(nx.t xx.t gt.t lt.t) fields=FIELDS{numfields.i
  field*}
hexpiretime key.k0 fields=FIELDS{numfields.i field*}
hget key.k0 field
hgetall key.k0
hgetdel key.k0 fields=FIELDS{numfields.i field*}
hgetex key.k0 expiration?(seconds.i=EX milliseconds.i=PX unix-time-seconds.u=EXAT
  unix-time-milliseconds.u=PXAT persist.t) fields=FIELDS{numfields.i field*}
hincrby key.k0 field increment.i
hincrbyfloat key.k0 field increment.d
hkeys key.k0
hlen key.k0
hmget key.k0 field*
hmset key.k0 field_value*{field value}
hpersist key.k0 fields=FIELDS{numfields.i field*}
hpexpire key.k0 milliseconds.i condition?(nx.t xx.t gt.t lt.t) fields=FIELDS{numfields.i field*}
hpexpireat key.k0 unix-time-milliseconds.u condition?(nx.t xx.t gt.t lt.t)
  fields=FIELDS{numfields.i field*}
hpexpiretime key.k0 fields=FIELDS{numfields.i field*}
hpttl key.k0 fields=FIELDS{numfields.i field*}
hrandfield key.k0 options?{count.i withvalues.t?}
hscan key.k0 cursor.i pattern.p=MATCH? count.i=COUNT?
hset key.k0 field_value*{field value}
hsetex key.k0 condition?(fnx.t fxx.t) expiration?(seconds.i=EX milliseconds.i=PX
  unix-time-seconds.u=EXAT unix-time-milliseconds.u=PXAT keepttl.t) fields=FIELDS{numfields.i
  data*{field value}}
hsetnx key.k0 field value
hstrlen key.k0 field
httl key.k0 fields=FIELDS{numfields.i field*}
hvals key.k0
incr key.k0
incrby key.k0 increment.i
incrbyfloat key.k0 increment.d
info section?*
keys pattern.p
latency|graph event
latency|histogram command?*
latency|history event
latency|reset event?*
lcs key1.k0 key2.k0 len.t? idx.t? len.i=MINMATCHLEN? withmatchlen.t?
lindex key.k0 index.i
linsert key.k0 where(before.t after.t) pivot element
llen key.k0
lmove source.k0 destination.k1 wherefrom(left.t right.t) whereto(left.t right.t)
lmpop numkeys.i key.k0* where(left.t right.t) count.i=COUNT?
lolwut version.i=VERSION?
lpop key.k0 count.i@6.2.0?
lpos key.k0 element rank.i=RANK? num-matches.i=COUNT? len.i=MAXLEN?
lpush key.k0 element*
lpushx key.k0 element*
lrange key.k0 start.i stop.i
lrem key.k0 count.i element
lset key.k0 index.i element
ltrim key.k0 start.i stop.i
memory|usage key.k0 count.i=SAMPLES?
mget key.k0*
migrate host port.i key_or_empty_string(key.k0 empty_string.t="") destination-db.i timeout.i
  copy.t@3.0.0? replace.t@3.0.0? authentication?(password=AUTH@4.0.7?
  username_password=AUTH2@6.0.0?{username password}) key.k1=KEYS@3.0.6?*
module|load path arg?*
module|loadex path configs=CONFIG?*+{name value} args=ARGS?*{arg}
module|unload name
move key.k0 db.i
mset key_value*{key.k0 value}
msetnx key_value*{key.k0 value}
object|encoding key.k0
object|freq key.k0
object|idletime key.k0
object|refcount key.k0
persist key.k0
pexpire key.k0 milliseconds.i condition@7.0.0?(nx.t xx.t gt.t lt.t)
pexpireat key.k0 unix-time-milliseconds.u condition@7.0.0?(nx.t xx.t gt.t lt.t)
pexpiretime key.k0
pfadd key.k0 element?*
pfcount key.k0*
pfdebug subcommand key.k0
pfmerge destkey.k0 sourcekey.k1*
ping message?
psetex key.k0 milliseconds.i value
psubscribe pattern*{pattern.p}
psync replicationid offset.i
pttl key.k0
publish channel message
pubsub|channels pattern.p?
pubsub|numsub channel?*
pubsub|shardchannels pattern.p?
pubsub|shardnumsub shardchannel?*
punsubscribe pattern.p?*
rename key.k0 newkey.k1
renamenx key.k0 newkey.k1
replicaof args(host-port{host port.i} no-one{no.t one.t})
restore key.k0 ttl.i serialized-value replace.t@3.0.0? absttl.t@5.0.0? seconds.i=IDLETIME@5.0.0?
  frequency.i=FREQ@5.0.0?
restore-asking key.k0 ttl.i serialized-value replace.t@3.0.0? absttl.t@5.0.0?
  seconds.i=IDLETIME@5.0.0? frequency.i=FREQ@5.0.0?
rpop key.k0 count.i@6.2.0?
rpoplpush source.k0 destination.k1
rpush key.k0 element*
rpushx key.k0 element*
sadd key.k0 member*
scan cursor.i pattern.p=MATCH? count.i=COUNT? type=TYPE@6.0.0?
scard key.k0
sdiff key.k0*
sdiffstore destination.k0 key.k1*
select index.i
set key.k0 value condition@2.6.12?(nx.t xx.t) get.t@6.2.0? expiration?(seconds.i=EX@2.6.12
  milliseconds.i=PX@2.6.12 unix-time-seconds.u=EXAT@6.2.0 unix-time-milliseconds.u=PXAT@6.2.0
  keepttl.t@6.0.0)
setbit key.k0 offset.i value.i
setex key.k0 seconds.i value
setnx key.k0 value
setrange key.k0 offset.i value
shutdown nosave_save?(nosave.t save.t) now.t@7.0.0? force.t@7.0.0? abort.t@7.0.0?
sinter key.k0*
sintercard numkeys.i key.k0* limit.i=LIMIT?
sinterstore destination.k0 key.k1*
sismember key.k0 member
slaveof args(host-port{host port.i} no-one{no.t one.t})
slowlog|get count.i?
smembers key.k0
smismember key.k0 member*
smove source.k0 destination.k1 member
sort key.k0 pattern.p1=BY? offset_count=LIMIT?{offset.i count.i} pattern.p1=GET?*+ order?(asc.t
  desc.t) sorting.t=ALPHA? destination.k2=STORE?
sort_ro key.k0 pattern.p1=BY? offset_count=LIMIT?{offset.i count.i} pattern.p1=GET?*+ order?(asc.t
  desc.t) sorting.t=ALPHA?
spop key.k0 count.i@3.2.0?
spublish shardchannel message
srandmember key.k0 count.i@2.6.0?
srem key.k0 member*
sscan key.k0 cursor.i pattern.p=MATCH? count.i=COUNT?
ssubscribe shardchannel*
strlen key.k0
subscribe channel*
substr key.k0 start.i end.i
sunion key.k0*
sunionstore destination.k0 key.k1*
sunsubscribe shardchannel?*
swapdb index1.i index2.i
touch key.k0*
ttl key.k0
type key.k0
unlink key.k0*
unsubscribe channel?*
wait numreplicas.i timeout.i
waitaof numlocal.i numreplicas.i timeout.i
watch key.k0*
xack key.k0 group id*
xadd key.k0 nomkstream.t@6.2.0? trim?{strategy(maxlen.t minid.t@6.2.0) operator?(equal.t="="
  approximately.t="~") threshold count.i=LIMIT@6.2.0?} id_or_auto(auto_id.t="*" id)
  field_value*{field value}
xautoclaim key.k0 group consumer min-idle-time start count.i=COUNT? justid.t?
xclaim key.k0 group consumer min-idle-time id* ms.i=IDLE? unix-time-milliseconds.u=TIME?
  count.i=RETRYCOUNT? force.t? justid.t? id=LASTID?
xdel key.k0 id*
xgroup|create key.k0 groupname id(id new_id.t="$") mkstream.t? entries_read.i=ENTRIESREAD?
xgroup|createconsumer key.k0 groupname consumername
xgroup|delconsumer key.k0 groupname consumername
xgroup|destroy key.k0 groupname
xgroup|setid key.k0 groupname id(id new_id.t="$") entries_read.i=ENTRIESREAD?
xinfo|consumers key.k0 groupname
xinfo|groups key.k0
xinfo|stream key.k0 full=FULL?{count.i=COUNT?}
xlen key.k0
xpending key.k0 group filters?{min-idle-time.i=IDLE@6.2.0? start end count.i consumer?}
xrange key.k0 start end count.i=COUNT?
xread count.i=COUNT? milliseconds.i=BLOCK? streams=STREAMS{key.k0* id*}
xreadgroup group_consumer=GROUP{group consumer} count.i=COUNT? milliseconds.i=BLOCK? noack.t?
  streams=STREAMS{key.k0* id*}
xrevrange key.k0 end start count.i=COUNT?
xsetid key.k0 last-id entries_added.i=ENTRIESADDED@7.0.0? max_deleted_entry_id=MAXDELETEDID@7.0.0?
xtrim key.k0 trim{strategy(maxlen.t minid.t@6.2.0) operator?(equal.t="=" approximately.t="~")
  threshold count.i=LIMIT@6.2.0?}
zadd key.k0 condition@3.0.2?(nx.t xx.t) comparison@6.2.0?(gt.t lt.t) change.t=CH@3.0.2?
  increment.t=INCR@3.0.2? score_member*{score.d member}
zcard key.k0
zcount key.k0 min.d max.d
zdiff numkeys.i key.k0* withscores.t?
zdiffstore destination.k0 numkeys.i key.k1*
zincrby key.k0 increment.i member
zinter numkeys.i key.k0* weight.i=WEIGHTS?* aggregate=AGGREGATE?(sum.t min.t max.t) withscores.t?
zintercard numkeys.i key.k0* limit.i=LIMIT?
zinterstore destination.k0 numkeys.i key.k1* weight.i=WEIGHTS?* aggregate=AGGREGATE?(sum.t min.t
  max.t)
zlexcount key.k0 min max
zmpop numkeys.i key.k0* where(min.t max.t) count.i=COUNT?
zmscore key.k0 member*
zpopmax key.k0 count.i?
zpopmin key.k0 count.i?
zrandmember key.k0 options?{count.i withscores.t?}
zrange key.k0 start stop sortby@6.2.0?(byscore.t bylex.t) rev.t@6.2.0?
  offset_count=LIMIT@6.2.0?{offset.i count.i} withscores.t?
zrangebylex key.k0 min max offset_count=LIMIT?{offset.i count.i}
zrangebyscore key.k0 min.d max.d withscores.t@2.0.0? offset_count=LIMIT?{offset.i count.i}
zrangestore dst.k0 src.k1 min max sortby?(byscore.t bylex.t) rev.t? offset_count=LIMIT?{offset.i
  count.i}
zrank key.k0 member
zrem key.k0 member*
zremrangebylex key.k0 min max
zremrangebyrank key.k0 start.i stop.i
zremrangebyscore key.k0 min.d max.d
zrevrange key.k0 start.i stop.i withscores.t?
zrevrangebylex key.k0 max min offset_count=LIMIT?{offset.i count.i}
zrevrangebyscore key.k0 max.d min.d withscores.t? offset_count=LIMIT?{offset.i count.i}
zrevrank key.k0 member
zscan key.k0 cursor.i pattern.p=MATCH? count.i=COUNT?
zscore key.k0 member
zunion numkeys.i key.k0* weight.i=WEIGHTS?* aggregate=AGGREGATE?(sum.t min.t max.t) withscores.t?
zunionstore destination.k0 numkeys.i key.k1* weight.i=WEIGHTS?* aggregate=AGGREGATE?(sum.t min.t
  max.t)
`;
