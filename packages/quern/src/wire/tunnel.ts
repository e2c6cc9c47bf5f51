// Carries a MessagePort's conversation through a BroadcastChannel, because ports cannot be sent to another
// tab. What is posted to a carried port comes out of its twin at the other end, in order; a port that lies
// inside a message (Comlink's, an iterable's) becomes a carried one too: it is taken out here, a new one is
// put in its place there. Closing either twin closes the other. It knows nothing of who talks: one channel
// is one conversation, and its owner ends it when the other side is dead (client/tabs).
//
// What is not carried: things that can only be transferred (streams, canvases). A message that holds one
// closes its port, which its reader takes for the end.

/** How a channel's two ends number the ports that they bring in: they must differ. */
export type TunnelEnd = 0 | 1;

/** Where a port lay in a message: the keys that lead to it. */
type Path = string[];

interface Packet {
  /** The carried port; FIRST is the one that both ends began with. */
  to: number;
  data?: unknown;
  /** Ports of the message, taken out of `data`. */
  ports?: Array<{ path: Path; id: number }>;
  close?: true;
}

export interface Tunnel {
  /** Closes the ports of this end. Does not close the channel, nor tell the other end. */
  close(): void;
}

const FIRST = 0;

/** Both ends must listen before either posts to its `first`: what a channel carries to nobody is lost. */
export function openTunnel(channel: BroadcastChannel, first: MessagePort, end: TunnelEnd): Tunnel {
  const ports = new Map<number, MessagePort>();
  let brought = 0;

  const carry = (port: MessagePort, id: number) => {
    ports.set(id, port);
    const drop = () => {
      if (!ports.delete(id)) return;
      port.close();
      send({ to: id, close: true });
    };
    port.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (!ports.has(id)) return;
      const [data, found] = event.ports.length > 0 ? takePorts(event.data) : [event.data, []];
      const named = found.map(({ path, port: inner }) => {
        brought += 1;
        return { path, id: 2 * brought + end, inner };
      });
      try {
        const names = named.map(({ path, id: name }) => ({ path, id: name }));
        send({ to: id, data, ...(names.length > 0 ? { ports: names } : {}) });
      } catch {
        drop(); // what lies in it can be transferred only
        return;
      }
      for (const { id: name, inner } of named) carry(inner, name);
    });
    port.addEventListener('messageerror', drop);
    port.addEventListener('close', drop);
    port.start();
  };
  const send = (packet: Packet) => {
    if (open) channel.postMessage(packet);
  };
  const receive = ({ data: packet }: MessageEvent<unknown>) => {
    if (!isPacket(packet)) return;
    const port = ports.get(packet.to);
    if (!port) return; // closed here meanwhile, and the other end is told
    if (packet.close) {
      ports.delete(packet.to);
      port.close();
      return;
    }
    let { data } = packet;
    const transfer = (packet.ports ?? []).map(({ path, id }) => {
      const { port1, port2 } = new MessageChannel();
      carry(port1, id);
      data = putPort(data, path, port2);
      return port2;
    });
    port.postMessage(data, transfer);
  };
  const close = () => {
    open = false;
    channel.removeEventListener('message', receive);
    channel.removeEventListener('messageerror', close);
    const closing = [...ports.values()];
    ports.clear();
    for (const port of closing) port.close();
  };

  let open = true;
  channel.addEventListener('message', receive);
  channel.addEventListener('messageerror', close);
  carry(first, FIRST);
  return { close };
}

function isPacket(value: unknown): value is Packet {
  return typeof value === 'object' && value !== null && typeof (value as Packet).to === 'number';
}

/** The message with null where ports were. It came out of a port, so it is a copy that nobody else holds. */
function takePorts(data: unknown): [data: unknown, found: Array<{ path: Path; port: MessagePort }>] {
  const found: Array<{ path: Path; port: MessagePort }> = [];
  const seen = new Set<unknown>();
  const take = (value: unknown, path: Path): unknown => {
    if (value instanceof MessagePort) {
      found.push({ path, port: value });
      return null;
    }
    if (!isPlain(value) || seen.has(value)) return value;
    seen.add(value);
    for (const key of Object.keys(value)) value[key] = take(value[key], [...path, key]);
    return value;
  };
  return [take(data, []), found];
}

function putPort(data: unknown, path: Path, port: MessagePort): unknown {
  const last = path.at(-1);
  if (last === undefined) return port;
  let place = data;
  for (const key of path.slice(0, -1)) place = isPlain(place) ? place[key] : undefined;
  if (isPlain(place)) place[last] = port;
  return data;
}

/** Objects and arrays as cloning makes them: what Comlink wraps values in. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (Array.isArray(value)) return true;
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
