// The connection of a ChatClient: one WebSocket, or long polls while none can be had; the position that both share; and when it
// is lost, when to try again.

/**
 * What went wrong: `code` is the protocol's word, `network` when no answer came, or `http_` and a status when something in front of
 * the server gave it. `retryAfter` is in ms, at most five minutes.
 */
export class ChatError extends Error {
  constructor(code, detail, { status = 0, retryable = temporary.has(code), retryAfter = 0 } = {}) {
    super(detail || code);
    Object.assign(this, { code, status, retryable, retryAfter: Math.min(retryAfter || 0, ms.adviceMost) });
  }
}

const temporary = new Set(["network", "rate_limited", "overloaded", "store_unavailable", "draining", "internal"]);
const durable = new Set(["message", "edited", "deleted", "reaction", "member", "conversation", "read", "gap"]);
const unservable = new Set(["epoch_changed", "cursor_ahead", "cursor_invalid"]);
const ms = { request: 15_000, connect: 8_000, answer: 15_000, pong: 8_000, quiet: 20_000, steady: 5_000, retry: 500, retryMost: 30_000, adviceMost: 300_000, redial: 5_000, redialMost: 60_000 };
const pollSeconds = 25;

/** The connection: one WebSocket, or long polls while none can be had. */
export class Line {
  #host; // what the client does for it
  #pos = 0; // of the newest event handed out
  #socket = null;
  #isGreeted = false; // the server's hello is here: the socket carries
  #polling = null; // aborts the polls
  #turn = 0; // a later one makes what an earlier one waits for stale
  #calls = new Map(); // id -> { resolve, reject, timer }
  #numbered = 0;
  #attempt = 0;
  #redials = 0; // sockets in a row that came to nothing
  #hasEvents = true; // the host has /api/chat/events
  #advice = 0;
  #heard = 0;
  #limits = null;
  #timers = {};
  state = "connecting";
  via = null;
  reason = null;

  constructor(cursor, host) {
    this.cursor = cursor;
    this.#host = host;
  }

  get isConnected() { return this.#isGreeted; }
  get isUsable() { return this.#isGreeted || (this.state === "live" && this.#polling !== null); }

  async connect() {
    this.#quit();
    const turn = this.#turn;
    if (!isOnline()) return this.#become("offline");
    this.#become("connecting");
    try {
      if (!this.cursor && this.#hasEvents) await this.#snapshot("start");
    } catch (error) {
      return turn === this.#turn && this.#failed(error);
    }
    if (turn !== this.#turn) return;
    if (this.#redials > 0) this.#poll();
    this.#dial();
  }

  end() {
    this.#quit();
    this.#become("stopped");
    this.#host.emit = () => {};
  }

  wake() {
    if (this.state === "stopped") return;
    if (!isOnline()) return this.connect();
    if (this.#isGreeted) return this.#ping();
    if (this.state === "connecting" && !this.#timers.retry) return;
    this.#attempt = 0;
    this.connect();
  }

  // What the client says

  /** False when there is no socket to say it on. */
  write(frame) {
    if (!this.#isGreeted || this.#socket.readyState !== 1) return false;
    const text = JSON.stringify(frame);
    // It would end the connection, and all that others have under way on it.
    if (bytesOf(text) > this.#limits.frame_bytes) throw new ChatError("message_too_large");
    this.#socket.send(text);
    return true;
  }

  /** Says it and waits for the `ack`. */
  call(frame) {
    return new Promise((resolve, reject) => {
      const id = String(++this.#numbered);
      if (!this.write({ ...frame, id })) return reject(new ChatError("network", "There is no connection."));
      this.#calls.set(id, { resolve, reject, timer: setTimeout(() => this.#lost(), ms.answer) });
    });
  }

  async post(conversation_id, { content, client_id, reply_to }) {
    const frame = { content, client_id, ...(reply_to && { reply_to }) };
    if (bytesOf(content) > this.#limits?.message_bytes) throw new ChatError("message_too_large");
    if (this.#isGreeted) return this.call({ type: "message", conversation_id, ...frame });
    const { body } = await this.#host.request("POST", path`/api/chat/conversations/${conversation_id}/messages`, { body: frame });
    return { message_id: body.id, seq: body.seq, timestamp: body.created_at };
  }

  // The WebSocket

  async #dial() {
    const turn = this.#turn, protocols = ["chat.v2"];
    let ticket = "";
    this.#stop("redial");
    try { // a browser is not told why a socket was refused; a request is
      ticket = path`?ticket=${(await this.#host.request("POST", "/api/chat/tickets")).body.ticket}`;
    } catch (error) {
      if (turn !== this.#turn) return;
      if (![404, 405].includes(error.status)) return this.#polling ? this.#redial() : this.#failed(error);
      protocols.push(`chat.token.${this.#host.token()}`); // an authenticator without tickets
    }
    if (turn !== this.#turn) return;
    const url = this.#host.address(`/api/chat/ws${ticket}`);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = this.#socket = new WebSocket(url, protocols);
    this.#after("connect", ms.connect, () => this.#lost());
    socket.onmessage = ({ data }) => {
      this.#heard = Date.now();
      this.#stop("pong");
      this.#receive(parse(data) ?? {});
    };
    socket.onclose = ({ code, reason }) => this.#lost(code, reason);
  }

  /** Later again, while polls carry what there is. */
  #redial() {
    this.#after("redial", jittered(Math.min(ms.redialMost, ms.redial * 2 ** Math.min(this.#redials++, 8))), () => this.#dial());
  }

  async #greeted({ cursor, limits }) {
    this.#polling?.abort();
    this.#polling = null;
    this.#isGreeted = true;
    this.#limits = limits;
    this.#stop("connect");
    this.#after("steady", ms.steady, () => { this.#attempt = this.#redials = 0; });
    this.#beat();
    if (!this.cursor) {
      const turn = this.#turn;
      try { // without /api/chat/events: the list, read after the position was taken
        await this.#list("start", cursor);
      } catch {
        return turn === this.#turn && this.#lost();
      }
      if (turn !== this.#turn) return;
    }
    this.#hello();
    this.#host.usable();
  }

  #hello() { this.write({ type: "hello", cursor: this.cursor, id: "hello" }); }

  #beat() {
    const quiet = Date.now() - this.#heard;
    if (quiet >= ms.quiet) this.#ping();
    this.#after("beat", Math.max(1000, ms.quiet - quiet), () => this.#beat());
  }

  #ping() {
    if (this.#timers.pong) return;
    this.#after("pong", ms.pong, () => this.#lost());
    this.write({ type: "ping" });
  }

  // What the server says

  #receive(frame) {
    const { type, id } = frame;
    if (type === "hello") return this.#greeted(frame);
    if (type === "ack") return this.#answered(id)?.resolve(frame);
    if (type === "error") return this.#erred(frame);
    if (type === "auth_expiring") return this.#authenticate();
    if (type === "draining") { this.#advice = frame.retry_after_ms; return; }
    if (type === "typing" || type === "presence") return this.#host.emit(type, frame);
    if (type === "caught_up") {
      this.cursor = frame.cursor;
      return this.#become("live", "websocket");
    }
    if (type === "pong") { // how far we are, once the replay is done; until then, where it is to end
      if (this.via === "websocket") this.cursor = frame.cursor;
      return;
    }
    if (durable.has(type)) this.#event(frame);
  }

  /** One of the log: the position is its own, and none comes twice. */
  #event(event) {
    if (event.pos <= this.#pos) return;
    if (Number.isSafeInteger(event.pos)) this.#pos = event.pos;
    if (event.cursor) this.cursor = event.cursor;
    this.#host.emit(event.type, event);
  }

  #answered(id) {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    clearTimeout(call?.timer);
    return call;
  }

  async #erred({ id, content, code, status, retryable, retry_after_ms: retryAfter = 0 }) {
    const error = new ChatError(code, content, { status, retryable, retryAfter }), call = this.#answered(id), turn = this.#turn;
    if (call) return call.reject(error);
    if (id === "hello" && !unservable.has(code)) return this.#failed(error);
    if (!unservable.has(code)) return this.#host.emit("error", error);
    try {
      await this.#restart(code);
    } catch (problem) {
      return turn === this.#turn && this.#lost();
    }
    if (turn === this.#turn) this.#hello();
  }

  async #authenticate() {
    try {
      if (await this.#host.renewed()) this.write({ type: "auth", token: this.#host.token() });
    } catch { /* the end of the token ends the connection, and then it is asked again */ }
  }

  // Where to begin

  async #snapshot(reason) {
    const turn = this.#turn;
    try {
      const { body } = await this.#host.request("GET", "/api/chat/events");
      if (turn === this.#turn) this.#begin(reason, body.cursor, body.snapshot);
    } catch (error) {
      if (error.status !== 404) throw error;
      this.#hasEvents = false;
    }
  }

  async #list(reason, cursor) {
    const turn = this.#turn;
    const { body: conversations, headers } = await this.#host.request("GET", "/api/chat/conversations?limit=100");
    if (turn === this.#turn) this.#begin(reason, cursor, { conversations, more: headers.has("Link") });
  }

  #begin(reason, cursor, { conversations, more }) {
    this.cursor = cursor;
    this.#pos = 0;
    this.#host.emit("snapshot", { conversations, more, reason });
  }

  /** Our position means nothing to the server any more. */
  async #restart(reason) {
    if (this.#hasEvents) return this.#snapshot(reason);
    this.cursor = null; // comes with the next greeting
    throw new ChatError("network");
  }

  // Long-polling

  async #poll() {
    if (this.#polling || !this.#hasEvents) return;
    const { signal } = this.#polling = new AbortController();
    for (let wait = 0; !signal.aborted;) {
      try {
        const query = path`/api/chat/events?cursor=${this.cursor}&wait=${wait}`;
        const { body } = await this.#host.request("GET", query, { signal, patience: 1000 * wait + ms.request });
        if (signal.aborted) return;
        for (const event of body.events) if (durable.has(event.type)) this.#event(event);
        if (signal.aborted) return; // a listener ended it
        this.cursor = body.cursor;
        this.#attempt = 0;
        wait = body.more ? 0 : pollSeconds;
        if (body.more || this.state === "live") continue;
        this.#become("live", "polling");
        this.#host.usable();
      } catch (error) {
        if (signal.aborted) return;
        try {
          if (!unservable.has(error.code)) throw error;
          await this.#restart(error.code);
        } catch (problem) {
          return signal.aborted || this.#failed(problem);
        }
      }
    }
  }

  // The end of a connection

  async #lost(code = 1006, words = "") {
    const wasSteady = this.#isGreeted && !this.#timers.steady;
    this.#hangUp();
    if (code === 4401) {
      const turn = ++this.#turn;
      try {
        if (!await this.#host.renewed()) return this.#host.refused(new ChatError("token_expired"));
        return turn === this.#turn && this.connect();
      } catch (error) {
        return turn === this.#turn && this.#failed(error);
      }
    }
    if (code === 1008 || (code >= 4400 && code <= 4499)) {
      this.#quit();
      return this.#become("stopped", null, new ChatError("refused", words || "The server closed the connection."));
    }
    if (wasSteady || this.#advice || code >= 4500) return this.#failed({ retryAfter: this.#advice });
    // It answers requests, but no socket lasts.
    this.#redial();
    if (this.#polling) return;
    this.#become("connecting");
    if (this.#hasEvents && this.cursor) this.#poll(); else this.#failed({ retryAfter: 0 });
  }

  /** Waits, and begins anew. */
  #failed({ status, retryAfter = 0 }) {
    if (status === 401) return; // the client has been told
    this.#quit();
    if (!isOnline()) return this.#become("offline");
    this.#become("waiting");
    const step = jittered(Math.min(ms.retryMost, ms.retry * 2 ** Math.min(this.#attempt++, 8)));
    this.#after("retry", Math.max(step, retryAfter && retryAfter + jittered(ms.retry)), () => this.connect());
  }

  #quit() {
    this.#turn++;
    this.#polling?.abort();
    this.#polling = null;
    for (const name of Object.keys(this.#timers)) this.#stop(name);
    this.#hangUp();
    this.#advice = 0;
  }

  #hangUp() {
    const socket = this.#socket, calls = [...this.#calls.values()];
    for (const name of ["connect", "steady", "beat", "pong"]) this.#stop(name);
    this.#socket = null;
    this.#isGreeted = false;
    this.#calls.clear();
    for (const { reject, timer } of calls) {
      clearTimeout(timer);
      reject(new ChatError("network", "The connection was lost."));
    }
    if (!socket) return;
    socket.onmessage = socket.onclose = null; // a dead one may take a minute to say that it closed
    socket.close();
  }

  #become(state, via = null, reason = null) {
    if (state === this.state && via === this.via) return;
    Object.assign(this, { state, via, reason });
    this.#host.emit("state");
  }

  #after(name, delay, act) {
    this.#stop(name);
    this.#timers[name] = setTimeout(() => { delete this.#timers[name]; act(); }, delay);
  }

  #stop(name) { clearTimeout(this.#timers[name]); delete this.#timers[name]; }
}

/** A template whose values may hold anything. */
export const path = (strings, ...values) => String.raw({ raw: strings }, ...values.map(encodeURIComponent));

/** False only when the device itself says that it has no network. */
const isOnline = () => globalThis.navigator?.onLine !== false;

const bytesOf = (text) => new TextEncoder().encode(text).length;

const jittered = (delay) => delay * (0.5 + Math.random() / 2);

export function parse(text) { try { return JSON.parse(text); } catch { return null; } }
