// A client of the chat protocol, profile v1. It stands by itself: no DOM, no imports; browsers and Node 22 run it.
// REST for what is asked, one WebSocket for each conversation that is open.
//
//   const chat = new ChatClient({ base: "https://chat.example" });
//   await chat.signIn({ username: "ada", password: "correct horse" });
//
//   const { items } = await chat.conversations(); // newest activity first
//   const { id, last_seq } = items[0];            // a position taken before the messages are read:
//   const history = await chat.messages(id);      // feed and history may overlap, but nothing falls between
//
//   const feed = chat.open(id, { after: last_seq });
//   feed.addEventListener("message", ({ detail }) => console.log(`${detail.sender_username}: ${detail.content}`));
//   feed.send("Hello!");                          // now, or as soon as there is a connection
//
// What a feed promises
// * Every durable event after `after`, once and in order, through any number of dropped connections: it keeps the
//   highest `seq` it has handed out and reconnects with `?after=`.
// * A message is stored at most once, however often it is sent: it has a `client_id`, stays in the outbox until it is
//   acknowledged, and goes out alone, so that order survives a refusal. With a `storage` the outbox survives a reload.
// * A dead connection is noticed (a ping after 20 s of silence) and made anew, with jittered exponential back-off, unless
//   it was closed with 1008 or 4400 to 4499. A token that is refused ends in the client's event `signedout`.
//
// Events of a feed, with their `detail`
//   message   a Message as in REST
//   sent      the Message, when ours is stored. It comes as `message` too, before or after, with the same `id`
//   edited    { id, content, seq }
//   deleted   { id, seq }
//   typing    { id, username }; to be shown for about six seconds
//   presence  { active: [user id] }
//   pending   `feed.pending` changed: [{ client_id, content, created_at, state, error }], the state being `waiting`,
//             `sending` or `failed` (refused: `retry` or `discard` it)
//   state     `feed.state` changed: `connecting`, `live`, `offline`, `waiting` (to try again) or `stopped` (`feed.reason`)
//   error     a ChatError that belongs to no message
//   reset     our position means nothing to the server any more: read the conversation again and open it anew

/** What went wrong: `code` is the protocol's word, or `network` when no answer came. `retryAfter` is in ms. */
export class ChatError extends Error {
  constructor(code, detail, { status = 0, retryable = temporary.has(code), retryAfter = 0 } = {}) {
    super(detail || code);
    Object.assign(this, { code, status, retryable, retryAfter });
  }
}

const temporary = new Set(["network", "rate_limited", "overloaded", "store_unavailable", "draining", "internal"]);
const ms = { request: 15_000, connect: 10_000, ack: 15_000, pong: 8_000, quiet: 20_000, typing: 2_500, steady: 5_000, retry: 500, retryMost: 30_000 };

export class ChatClient extends EventTarget {
  #base;
  #storage;
  #token = null;
  #outbox = null;
  #feeds = new Map();
  /** Who is signed in, `{ id, username }`, or null. */
  user = null;

  constructor({ base = globalThis.location?.origin, storage = null } = {}) {
    super();
    this.#base = base;
    this.#storage = storage;
  }

  get token() { return this.#token; }

  // Who one is

  /** `{ username, password, email? }`. It does not sign in. */
  signUp(body) { return this.#ask("POST", "auth/register", { body, anonymous: true }); }

  /** `{ username, password }` */
  async signIn(body) { return this.resume((await this.#ask("POST", "auth/login", { body, anonymous: true })).access_token); }

  /** Goes on with a token from an earlier sign-in. */
  async resume(token) {
    this.#token = token;
    this.user = await this.#ask("GET", "auth/me");
    this.#outbox = new Outbox(this.#storage, this.user.id);
    return this.user;
  }

  signOut() {
    for (const feed of this.#feeds.values()) feed.abandon();
    this.#token = this.user = this.#outbox = null;
  }

  // Conversations and messages

  /** One page, newest activity first: `{ items, next }`. Pass `next` to get the page after it. */
  async conversations({ limit = 50, next } = {}) {
    const { body, headers } = await this.#request("GET", next ?? `/api/chat/conversations?limit=${limit}`);
    return { items: body, next: /<([^>]+)>;\s*rel="?next"?/.exec(headers.get("Link") ?? "")?.[1] ?? null };
  }

  conversation(id) { return this.#ask("GET", path`chat/conversations/${id}`); }

  /** `isGroup: false` with one other person gives the pair's conversation, the existing one if there is one. */
  create({ name, isGroup, participantIds }) {
    return this.#ask("POST", "chat/conversations", { body: { name, is_group: isGroup, participant_ids: participantIds } });
  }

  /** Ascending in `seq`; the newest, or those before a `seq`. Fewer than `limit` means that the beginning is reached. */
  messages(id, { before, limit = 50 } = {}) {
    const earlier = before === undefined ? "" : `&before_seq=${before}`;
    return this.#ask("GET", path`chat/conversations/${id}/messages?limit=${limit}` + earlier);
  }

  edit(messageId, content) { return this.#ask("PATCH", path`chat/messages/${messageId}`, { body: { content } }); }
  delete(messageId) { return this.#ask("DELETE", path`chat/messages/${messageId}`); }
  markRead(id, seq) { return this.#ask("POST", path`chat/conversations/${id}/read`, { body: { seq } }); }

  /** At most 20 people whose name begins so: `[{ id, username }]`. */
  findUsers(prefix) { return this.#ask("GET", path`chat/users?username=${prefix}`); }

  // Live

  /** Follows a conversation from `after`, or from now. A second feed of the same takes over from the first. */
  open(id, { after } = {}) {
    this.#feeds.get(id)?.abandon();
    const feed = new Feed(id, after, {
      chat: this,
      outbox: this.#outbox,
      address: (seq) => {
        const url = new URL(path`/api/chat/ws/${id}?token=${this.#token}`, this.#base);
        url.protocol = url.protocol.replace("http", "ws");
        if (seq !== undefined) url.searchParams.set("after", seq);
        return url;
      },
      refused: (error) => this.#refused(error),
      gone: (closed) => { if (this.#feeds.get(id) === closed) this.#feeds.delete(id); },
    });
    this.#feeds.set(id, feed);
    return feed;
  }

  /** Sends what an earlier visit left in the outbox of conversations that are not open. */
  deliverPending() {
    for (const id of this.#outbox.conversations()) if (!this.#feeds.has(id)) this.open(id).close();
  }

  /** The device woke up, its network came or went, somebody is impatient: look at every connection now. */
  wake() { for (const feed of this.#feeds.values()) feed.wake(); }

  #refused(error) {
    if (!this.#token) return;
    this.signOut();
    this.dispatchEvent(new CustomEvent("signedout", { detail: error }));
  }

  async #ask(method, path, options) { return (await this.#request(method, `/api/${path}`, options)).body; }

  async #request(method, path, { body, anonymous = false } = {}) {
    const token = this.#token;
    let response, answer;
    try {
      response = await fetch(new URL(path, this.#base), {
        method, cache: "no-store", body: body && JSON.stringify(body), signal: AbortSignal.timeout(ms.request),
        headers: { ...(!anonymous && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) },
      });
      answer = parse(await response.text());
    } catch {
      throw new ChatError("network", "No answer from the server.");
    }
    const { ok, status, headers } = response;
    if (ok) return { body: answer, headers };
    const error = new ChatError(answer?.code ?? `http_${status}`, answer?.detail, { status, retryAfter: 1000 * (headers.get("Retry-After") || 0) });
    if (status === 401 && !anonymous && token === this.#token) this.#refused(error);
    throw error;
  }
}

/** One conversation, live. Made by `ChatClient.open`. */
class Feed extends EventTarget {
  #door; // what the client lets its feeds do
  #socket = null;
  #opened = false;
  #closing = false;
  #dead = false;
  #attempt = 0;
  #inFlight = null; // the client_id that waits for its answer
  #heard = 0;
  #lastTyping = 0;
  #timers = {};
  state = "connecting";
  reason = null;

  constructor(id, after, door) {
    super();
    this.id = id;
    /** The highest `seq` handed out. */
    this.seq = after;
    this.#door = door;
    for (const entry of this.pending) if (entry.state !== "failed") entry.state = "waiting";
    this.#connect();
  }

  /** What is not yet acknowledged, oldest first. */
  get pending() { return this.#door.outbox.entries(this.id); }

  send(content) {
    const client_id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
    this.#door.outbox.add(this.id, { client_id, content, created_at: new Date().toISOString(), state: "waiting", tries: 0 });
    this.#lastTyping = 0;
    this.#pump();
    this.#emit("pending");
  }

  retry(clientId) {
    Object.assign(this.#entry(clientId) ?? {}, { state: "waiting", error: null, tries: 0 });
    if (this.state === "live") this.#pump(); else this.wake();
    this.#emit("pending");
  }

  discard(clientId) {
    if (this.#inFlight !== clientId && this.#door.outbox.remove(this.id, clientId)) this.#emit("pending");
  }

  /** Call it at each keystroke: the others hear of it at most every 2.5 s. */
  typing() {
    if (this.state !== "live" || Date.now() - this.#lastTyping < ms.typing) return;
    this.#lastTyping = Date.now();
    this.#write({ type: "typing" });
  }

  /** Ends the feed, once all is sent that can be. */
  close() {
    this.#closing = true;
    if (!this.#next()) this.abandon();
  }

  /** Ends the feed now. The outbox keeps what was not acknowledged. */
  abandon() {
    this.#dead = true;
    this.#detach();
    this.#door.gone(this);
  }

  wake() {
    if (this.#dead || this.state === "stopped" || (this.state === "connecting" && this.#socket && isOnline())) return;
    if (this.state === "live" && isOnline()) return this.#ping();
    this.#attempt = 0;
    this.#connect();
  }

  // The connection

  #connect() {
    this.#detach();
    if (!isOnline()) return this.#become("offline");
    this.#become("connecting");
    const socket = this.#socket = new WebSocket(this.#door.address(this.seq));
    this.#after("connect", ms.connect, () => this.#lost());
    socket.onopen = () => {
      this.#opened = true;
      this.#heard = Date.now();
      this.#stop("connect");
      this.#after("steady", ms.steady, () => { this.#attempt = 0; });
      this.#beat();
      this.#become("live");
      this.#pump();
    };
    socket.onmessage = ({ data }) => {
      this.#heard = Date.now();
      this.#stop("pong");
      this.#receive(parse(data) ?? {});
    };
    socket.onclose = ({ code }) => this.#lost(code);
  }

  async #lost(code) {
    const opened = this.#opened, entry = this.#entry(this.#inFlight);
    this.#detach();
    if (entry && (code === 1009 || ++entry.tries >= 5)) { // what ends every connection is not sent for ever
      this.#fail(entry, { code: code === 1009 ? "message_too_large" : "internal" });
    } else if (entry) { entry.state = "waiting"; this.#emit("pending"); }
    if (this.#closing && !this.#next()) return this.abandon();

    const final = code === 1008 || (code >= 4400 && code <= 4499);
    let wait = 0;
    if (final || !opened) {
      this.#become("connecting");
      try { // a browser is not told why a socket was refused; REST is
        await this.#door.chat.conversation(this.id);
        if (this.#dead) return;
        if (code === 4401) return this.#door.refused(new ChatError("token_expired"));
        if (final) return this.#become("stopped", new ChatError("refused", "The server closed this conversation."));
      } catch (error) {
        if (this.#dead) return;
        if ([401, 403, 404].includes(error.status)) return this.#become("stopped", error);
        wait = error.retryAfter;
      }
      if (this.#socket) return; // woken meanwhile
    }
    if (!isOnline()) return this.#become("offline");
    const step = Math.min(ms.retryMost, ms.retry * 2 ** this.#attempt++);
    this.#become("waiting");
    this.#after("retry", Math.max(wait, step * (0.5 + Math.random() / 2)), () => this.#connect());
  }

  #detach() {
    for (const name of Object.keys(this.#timers)) this.#stop(name);
    const socket = this.#socket;
    this.#socket = this.#inFlight = null;
    this.#opened = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null; // a dead one may take a minute to say that it closed
    socket.close();
  }

  #beat() {
    const quiet = Date.now() - this.#heard;
    if (quiet >= ms.quiet) this.#ping();
    this.#after("beat", Math.max(1000, ms.quiet - quiet), () => this.#beat());
  }

  /** Anything at all that comes back will do, an `error` too. */
  #ping() {
    if (this.#timers.pong) return;
    this.#after("pong", ms.pong, () => this.#lost());
    this.#write({ type: "ping", id: "ping" });
  }

  #write(frame) { if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame)); }

  // What comes in

  #receive(frame) {
    const { type, seq, message_id: id } = frame;
    if (type === "ack") return this.#acknowledged(frame);
    if (type === "error") return this.#refusedFrame(frame);
    if (type === "typing") return this.#emit("typing", { id: frame.sender_id, username: frame.sender_username });
    if (type !== "message" && type !== "system") return;
    // Only what is handed out moves the position. An `ack` does not: it may overtake the messages of others.
    if (seq <= this.seq) return;
    if (Number.isSafeInteger(seq)) this.seq = seq;
    if (type === "system") {
      if (frame.event === "message_deleted") this.#emit("deleted", { id, seq });
      if (frame.active_users) this.#emit("presence", { active: frame.active_users });
    } else if (frame.is_edited && !frame.is_deleted) {
      this.#emit("edited", { id, content: frame.content, seq });
    } else {
      const mine = frame.client_id && frame.sender_id === this.#door.chat.user?.id; // back before its `ack`, perhaps
      if (mine && this.#door.outbox.remove(this.id, frame.client_id)) this.#emit("pending");
      this.#emit("message", messageOf(frame));
    }
  }

  // What goes out

  #entry(clientId) { return this.pending.find((entry) => entry.client_id === clientId); }
  #next() { return this.pending.find((entry) => entry.state !== "failed"); }

  #pump() {
    if (this.state !== "live" || this.#inFlight || this.#timers.again) return;
    const entry = this.#next();
    if (!entry && this.#closing) return this.abandon();
    if (!entry) return;
    const { client_id, content } = entry;
    entry.state = "sending";
    this.#inFlight = client_id;
    this.#write({ type: "message", content, client_id, id: client_id });
    this.#after("ack", ms.ack, () => this.#lost());
  }

  #answered(id) {
    if (this.#inFlight === id) { this.#inFlight = null; this.#stop("ack"); }
    return this.#entry(id);
  }

  #acknowledged(frame) {
    const entry = this.#answered(frame.id);
    if (entry) {
      const { id: sender_id, username: sender_username } = this.#door.chat.user;
      this.#door.outbox.remove(this.id, frame.id);
      this.#emit("sent", messageOf({ ...entry, ...frame, sender_id, sender_username, conversation_id: this.id }));
      this.#emit("pending");
    }
    this.#pump();
  }

  #refusedFrame({ id, content, code, status, retryable, retry_after_ms: retryAfter = 0 }) {
    const error = new ChatError(code, content, { status, retryable, retryAfter });
    const entry = id && this.#answered(id);
    if (entry && error.retryable) {
      entry.state = "waiting";
      this.#after("again", Math.max(retryAfter, Math.min(ms.retryMost, 1000 * 2 ** entry.tries++)), () => this.#pump());
      this.#emit("pending");
    } else if (entry) {
      this.#fail(entry, { code, message: content });
      this.#pump();
    } else if (["cursor_ahead", "cursor_invalid", "epoch_changed"].includes(code)) this.#emit("reset");
    else if (!id) this.#emit("error", error);
  }

  #fail(entry, error) {
    Object.assign(entry, { state: "failed", error });
    this.#door.outbox.save();
    this.#emit("pending");
  }

  #become(state, reason = null) {
    if (state === this.state) return;
    Object.assign(this, { state, reason });
    this.#emit("state");
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  #after(name, delay, act) {
    this.#stop(name);
    this.#timers[name] = setTimeout(() => { delete this.#timers[name]; act(); }, delay);
  }

  #stop(name) { clearTimeout(this.#timers[name]); delete this.#timers[name]; }
}

/** What a user has sent and the server has not acknowledged, by conversation. */
class Outbox {
  #storage;
  #key;
  #lists;

  constructor(storage, userId) {
    this.#storage = storage;
    this.#key = `chat.outbox.${userId}`;
    this.#lists = new Map(Object.entries(parse(storage?.getItem(this.#key)) ?? {}));
  }

  entries(id) { return this.#lists.get(id) ?? []; }
  conversations() { return [...this.#lists.keys()].filter((id) => this.entries(id).some(({ state }) => state !== "failed")); }
  add(id, entry) { this.#set(id, [...this.entries(id), entry]); }

  remove(id, clientId) {
    const before = this.entries(id), after = before.filter((entry) => entry.client_id !== clientId);
    this.#set(id, after);
    return after.length < before.length;
  }

  save() {
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(Object.fromEntries(this.#lists)));
    } catch { /* full or forbidden: the outbox lives as long as the page */ }
  }

  #set(id, entries) {
    if (entries.length > 0) this.#lists.set(id, entries); else this.#lists.delete(id);
    this.save();
  }
}

/** A v1 frame in the shape of REST's Message. */
function messageOf({ message_id: id, conversation_id, sender_id, sender_username, content, timestamp: created_at, seq, client_id, reply_to, is_deleted = !content }) {
  return { id, conversation_id, sender_id, sender_username, content, is_edited: false, is_deleted, created_at, seq, client_id, reply_to };
}

/** A template whose values may hold anything. */
const path = (strings, ...values) => String.raw({ raw: strings }, ...values.map(encodeURIComponent));

/** False only when the device itself says that it has no network. */
const isOnline = () => globalThis.navigator?.onLine !== false;

function parse(text) { try { return JSON.parse(text); } catch { return null; } }
