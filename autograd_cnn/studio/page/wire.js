// Messages, as in studio/wire.py: the length of a JSON head, the head, zeros up to a multiple of four, data.
const encoder = new TextEncoder(), decoder = new TextDecoder();

export function pack(head, data) {
  const text = encoder.encode(JSON.stringify(head)), start = 4 + text.length + (-text.length & 3);
  const message = new Uint8Array(start + (data ? data.byteLength : 0));
  new DataView(message.buffer).setUint32(0, text.length, true);
  message.set(text, 4);
  if (data) message.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return message;
}

export function unpack(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  return [JSON.parse(decoder.decode(new Uint8Array(buffer, 4, size))), new Uint8Array(buffer, 4 + size + (-size & 3))];
}

// A socket that is opened again when the server comes back.
export class Wire {
  constructor(heard, state) {
    this.heard = heard;
    this.state = state;
    this.pause = 250;
    this.open();
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/socket${location.search}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => { this.pause = 250; this.state(true); };
    this.socket.onmessage = (event) => this.heard(...unpack(event.data));
    this.socket.onclose = () => {
      this.state(false);
      setTimeout(() => this.open(), this.pause);
      this.pause = Math.min(this.pause * 2, 4000);
    };
  }

  get ready() { return this.socket.readyState === WebSocket.OPEN; }

  say(head, data) {
    if (this.ready) this.socket.send(pack(head, data));
    return this.ready;
  }
}
