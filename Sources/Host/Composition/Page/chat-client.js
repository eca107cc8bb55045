// A client of the chat protocol, profile v2: all conversations of a user behind one cursor. It stands by itself, with
// chat-line.js beside it: no DOM; browsers and Node 22 run it.
//
//   const chat = new ChatClient({ base: "https://chat.example" });
//   chat.addEventListener("snapshot", ({ detail }) => {            // how things stand; forget what was known before
//     for (const { id, name, messages } of detail.conversations) console.log(id, name, messages.length);
//   });
//   chat.addEventListener("message", ({ detail }) => {             // and all that happens from there on
//     console.log(`${detail.conversation_id} ${detail.sender_username}: ${detail.content}`);
//   });
//   chat.addEventListener("signedout", ({ detail }) => console.log(detail.message));
//
//   await chat.signIn({ username: "ada", password: "correct horse" }); // or chat.resume(token)
//   chat.start();                                                  // start({ cursor }): go on from an earlier visit
//   chat.send(conversationId, "Hello!");                           // now, or as soon as there is a connection
//
// What it promises
// * Every durable event behind the cursor, once and in order, through any number of dropped connections. The cursor is
//   `chat.cursor`; inside a listener it is that event's own, so an app that stores both together may go on from it later.
// * A message is stored at most once, however often it is sent: it has a `client_id`, stays in the outbox until it is
//   acknowledged, and those of one conversation go out one after the other, so that order survives a refusal. With a `storage`
//   (`sessionStorage`, `localStorage`) the outbox survives a reload.
// * WebSocket, and long-polling while no WebSocket can be had: it is tried again meanwhile, and nothing is lost between the two.
// * A dead connection is noticed (a ping after 20 s of silence, sooner when the device wakes up) and made anew, with jittered
//   exponential back-off or when the server advises, unless the server closed it with 1008 or 4400 to 4499.
// * A token that ends is renewed by `renew`, if given: an async function that returns a new token, or null when the user must
//   sign in; if it throws it is asked again later. A token that is refused ends in the event `signedout`.
//
// Events, with their `detail`
//   snapshot  { conversations, more, reason }: where to begin, `reason` being `start`, or why our cursor could not be served
//             (`epoch_changed`, `cursor_ahead`, `cursor_invalid`). What follows may overlap it: pass over an event whose `seq`
//             is not above its conversation's `last_seq`
//   message edited deleted reaction member conversation read gap    the server's, as protocol.md section 3 has them
//   typing presence      the same, not stored: they come while `chat.via` is `websocket` only
//   sent      a `message` of ours that is stored: once for each, when it is acknowledged or comes back, whichever is first. It
//             comes as `message` too, after that, with the same id, unless a snapshot or the cursor held it already
//   pending   { conversation_id }: `chat.pending(id)` changed: [{ client_id, content, reply_to, created_at, state, error }], the
//             state being `waiting`, `sending` or `failed` (refused: `retry` or `discard` it)
//   state     `chat.state` changed: `connecting`, `live`, `offline`, `waiting` (to try again), `stopped` (`chat.reason` says why)
//   error     a ChatError that answers no call

import { ChatError, Line, parse, path } from "./chat-line.js";

export { ChatError };

const ms = { request: 15_000, retryMost: 30_000, typing: 2_500 };
const mostTries = 5; // what ends every connection, or is beyond every proxy, is not sent for ever

export class ChatClient extends EventTarget {
  #base;
  #storage;
  #renew;
  #renewing = null;
  #token = null;
  #outbox = null;
  #line = null;
  #typed = new Map(); // conversation -> when we last said that we type
  #waking = null;
  /** Who is signed in, `{ id, username }`, or null. */
  user = null;

  constructor({ base = globalThis.location?.origin, storage = null, renew = null } = {}) {
    super();
    this.#base = base;
    this.#storage = storage;
    this.#renew = renew;
  }

  get token() { return this.#token; }
  get state() { return this.#line?.state ?? "stopped"; }
  /** `websocket` or `polling`, while `state` is `live`. */
  get via() { return this.#line?.via ?? null; }
  get reason() { return this.#line?.reason ?? null; }
  get cursor() { return this.#line?.cursor ?? null; }

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
    this.stop();
    this.#token = this.user = this.#outbox = null;
  }

  // Live

  /** Follows all conversations, present and future, of who is signed in: from a cursor of an earlier visit, or from a `snapshot`. */
  start({ cursor = null } = {}) {
    if (!this.user) throw new ChatError("token_invalid", "Nobody is signed in.");
    this.stop();
    const line = this.#line = new Line(cursor, {
      request: (...all) => this.#request(...all),
      token: () => this.#token,
      renewed: () => this.#renewed(this.#token),
      address: (path) => new URL(path, this.#base),
      refused: (error) => this.#refused(error),
      usable: () => { for (const id of this.#outbox.conversations()) this.#deliver(id); },
      emit: (type, detail) => { if (this.#line === line) this.#heard(type, detail); },
    });
    this.#waking = new AbortController();
    const { signal } = this.#waking, wake = () => this.wake();
    for (const type of ["online", "offline", "pageshow"]) globalThis.addEventListener?.(type, wake, { signal });
    globalThis.document?.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); }, { signal });
    line.connect();
  }

  /** Ends the connection. The outbox keeps what was not acknowledged, the app what it read of `cursor`. */
  stop() {
    this.#waking?.abort();
    this.#line?.end();
    this.#line = null;
  }

  /** The device woke up, somebody is impatient: look at the connection now. */
  wake() { this.#line?.wake(); }

  /** Puts a message into the outbox, and says with which `client_id`. */
  send(conversationId, content, { replyTo = null } = {}) {
    const client_id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
    this.#outbox.add(conversationId, { client_id, content, reply_to: replyTo, created_at: new Date().toISOString(), state: "waiting", tries: 0 });
    this.#typed.delete(conversationId);
    this.#emit("pending", { conversation_id: conversationId });
    this.#deliver(conversationId);
    return client_id;
  }

  /** What is not yet acknowledged, oldest first. */
  pending(conversationId) { return this.#outbox?.entries(conversationId) ?? []; }

  retry(conversationId, clientId) {
    Object.assign(this.#outbox.find(conversationId, clientId) ?? {}, { state: "waiting", error: null, tries: 0 });
    this.#emit("pending", { conversation_id: conversationId });
    if (this.#line?.isUsable) this.#deliver(conversationId); else this.wake();
  }

  discard(conversationId, clientId) {
    if (this.#outbox.find(conversationId, clientId)?.state === "sending") return;
    if (this.#outbox.remove(conversationId, clientId)) this.#emit("pending", { conversation_id: conversationId });
  }

  /** Call it at each keystroke, the others hear of it at most every 2.5 s; and with `false` when nothing is left to send. */
  typing(conversationId, on = true) {
    const last = this.#typed.get(conversationId);
    if (this.state !== "live" || (on ? Date.now() - last < ms.typing : last === undefined)) return;
    if (on) this.#typed.set(conversationId, Date.now()); else this.#typed.delete(conversationId);
    if (!this.#line.write({ type: "typing", conversation_id: conversationId, on })) {
      this.#ask("POST", path`chat/conversations/${conversationId}/typing`, { body: { on } }).catch(() => {});
    }
  }

  /** Everything up to a `seq` has been seen. */
  read(conversationId, seq) {
    return this.#line?.isConnected ? this.#line.call({ type: "read", conversation_id: conversationId, seq })
      : this.#ask("POST", path`chat/conversations/${conversationId}/read`, { body: { seq } });
  }

  // Asking

  /** What the server is and does: `{ name, version, profiles, registration, store, limits, … }`. */
  info() { return this.#ask("GET", "chat/info", { anonymous: true }); }

  /** Some conversations as a `snapshot` has them: with `messages`, the newest 20, and `read_marks`, a `seq` by user id. */
  async snapshot(ids) {
    try {
      return (await this.#ask("GET", path`chat/events?conversations=${ids.join()}`)).snapshot.conversations;
    } catch (error) {
      if (error.status !== 404 || error.code !== "not_found") throw error;
      return Promise.all(ids.map((id) => this.#ask("GET", path`chat/conversations/${id}`))); // a host without long-polling
    }
  }

  /** One page, newest activity first: `{ items, next }`. Pass `next` to get the page after it. */
  conversations({ limit = 50, next } = {}) { return this.#page(next ?? `/api/chat/conversations?limit=${limit}`); }

  /** `isGroup: false` with one other person gives the pair's conversation, the existing one if there is one. */
  create({ name, isGroup, participantIds }) {
    return this.#ask("POST", "chat/conversations", { body: { name, is_group: isGroup, participant_ids: participantIds } });
  }

  /** Ascending in `seq`; the newest, or those before a `seq`. `next` is null when the beginning is reached. */
  messages(id, { before, limit = 50 } = {}) {
    return this.#page(path`/api/chat/conversations/${id}/messages?limit=${limit}` + (before === undefined ? "" : `&before_seq=${before}`));
  }

  /**
   * The log itself before a `seq`, at most 200 of it, as events, with a `gap` for what is not to be read: `{ events, more }`. It is asked
   * for by WebSocket, so without one it fails with `network`.
   */
  async history(conversationId, { before, limit = 50 }) {
    if (!this.#line) throw new ChatError("network", "There is no connection.");
    return this.#line.call({ type: "history", conversation_id: conversationId, before, limit });
  }

  message(messageId) { return this.#ask("GET", path`chat/messages/${messageId}`); }
  edit(messageId, content) { return this.#ask("PATCH", path`chat/messages/${messageId}`, { body: { content } }); }
  delete(messageId) { return this.#ask("DELETE", path`chat/messages/${messageId}`); }

  /** `key` is an emoji, or any text of at most 64 bytes. */
  react(messageId, key, on = true) { return this.#ask(on ? "PUT" : "DELETE", path`chat/messages/${messageId}/reactions/${key}`); }

  /** Messages with all of these words, newest first: `{ items, next }`, of all conversations. Where `info().store.search` is true. */
  search(words, { next } = {}) { return this.#page(next ?? path`/api/chat/search?q=${words}`); }

  /** At most 20 people whose name begins so: `[{ id, username }]`. */
  findUsers(prefix) { return this.#ask("GET", path`chat/users?username=${prefix}`); }

  // Inside

  #heard(type, detail) {
    if (type === "message" && detail.client_id && detail.sender_id === this.user?.id && this.#outbox.remove(detail.conversation_id, detail.client_id)) {
      this.#emit("sent", detail); // back before its `ack`
      this.#emit("pending", { conversation_id: detail.conversation_id });
    }
    this.#emit(type, detail);
  }

  #emit(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  /** Sends what waits in a conversation, one after the other, while there is a connection. */
  async #deliver(id) {
    const outbox = this.#outbox, changed = () => { outbox.save(); this.#emit("pending", { conversation_id: id }); };
    let pauses = 0;
    if (outbox.delivering.has(id)) return;
    outbox.delivering.add(id);
    for (let entry; outbox === this.#outbox && this.#line?.isUsable && (entry = outbox.next(id));) {
      entry.state = "sending";
      changed();
      let error = null, ack, pause = 0;
      try {
        ack = await this.#line.post(id, entry);
      } catch (problem) {
        error = problem;
      }
      if (outbox !== this.#outbox || outbox.find(id, entry.client_id) !== entry) continue; // signed out, or it is back already
      if (!error) {
        outbox.remove(id, entry.client_id);
        const { content, reply_to, client_id } = entry, { id: sender_id, username: sender_username } = this.user;
        this.#emit("sent", { ...ack, type: "message", conversation_id: id, content, sender_id, sender_username, client_id, ...(reply_to && { reply_to }) });
      } else if (!error.retryable || (isSilent(error) && ++entry.tries >= mostTries)) {
        Object.assign(entry, { state: "failed", error: { code: error.retryable ? "internal" : error.code, message: error.message } });
      } else {
        entry.state = "waiting";
        if (this.#line?.isUsable) pause = Math.max(error.retryAfter, Math.min(ms.retryMost, 1000 * 2 ** pauses++));
      }
      changed();
      if (pause) await sleep(pause); else pauses = 0;
    }
    outbox.delivering.delete(id);
  }

  #refused(error) {
    if (!this.#token) return;
    this.signOut();
    this.#emit("signedout", error);
  }

  /** Whether there is another token now than the one that did not do. */
  async #renewed(old) {
    if (old !== this.#token) return true;
    if (!this.#renew) return false;
    this.#renewing ??= (async () => this.#renew())().finally(() => { this.#renewing = null; });
    let token;
    try {
      token = await this.#renewing;
    } catch {
      throw new ChatError("network", "The token could not be renewed just now.");
    }
    if (token && old === this.#token) this.#token = token;
    return Boolean(token);
  }

  async #ask(method, path, options) { return (await this.#request(method, `/api/${path}`, options)).body; }

  async #page(path) {
    const { body, headers } = await this.#request("GET", path);
    return { items: body, next: /<([^>]+)>;\s*rel="?next"?/.exec(headers.get("Link") ?? "")?.[1] ?? null };
  }

  async #request(method, path, options = {}) {
    const { body, anonymous = false, signal, patience = ms.request } = options;
    const token = this.#token, timeout = AbortSignal.timeout(patience);
    let response, answer;
    try {
      response = await fetch(new URL(path, this.#base), {
        method, cache: "no-store", body: body && JSON.stringify(body), signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        headers: { ...(!anonymous && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) },
      });
      answer = parse(await response.text());
    } catch {
      throw new ChatError("network", "No answer from the server.");
    }
    const { ok, status, headers } = response;
    if (ok) return { body: answer, headers };
    // Without a word of the protocol's it is a proxy that speaks.
    const retryable = answer?.code ? undefined : status >= 500 || status === 408 || status === 429;
    const error = new ChatError(answer?.code ?? `http_${status}`, answer?.detail, { status, retryable, retryAfter: 1000 * headers.get("Retry-After") });
    if (status === 401 && !anonymous && !options.again) {
      if (this.#token && await this.#renewed(token)) return this.#request(method, path, { ...options, again: true });
    }
    if (status === 401 && !anonymous && token === this.#token) this.#refused(error);
    throw error;
  }
}

/** What a user has sent and the server has not acknowledged, by conversation. */
class Outbox {
  #storage;
  #key;
  #lists;
  /** The conversations in which somebody is sending it. */
  delivering = new Set();

  constructor(storage, userId) {
    this.#storage = storage;
    this.#key = `chat.outbox.${userId}`;
    this.#lists = new Map(Object.entries(parse(storage?.getItem(this.#key)) ?? {}));
    for (const list of this.#lists.values()) for (const entry of list) if (entry.state !== "failed") entry.state = "waiting";
  }

  entries(id) { return this.#lists.get(id) ?? []; }
  next(id) { return this.entries(id).find(({ state }) => state !== "failed"); }
  find(id, clientId) { return this.entries(id).find(({ client_id }) => client_id === clientId); }
  conversations() { return [...this.#lists.keys()]; }
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

/** The server has not said a word, and may have died of what it was sent. */
const isSilent = ({ code }) => code === "network" || code?.startsWith("http_5");

const sleep = (delay) => new Promise((done) => setTimeout(done, delay));
