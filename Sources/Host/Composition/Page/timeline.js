// The messages of one conversation that we hold, and the rows a reader sees. No DOM.

import { dayKey } from "./words.js";

const groupWithin = 5 * 60_000;

export class Timeline {
  #byId = new Map();
  #ordered = []; // ascending in seq: one run without holes, up to the newest
  #ahead = new Map(); // id -> what happened to a message before its page of history came
  #quoted = new Map(); // id -> a message that one of ours answers, when it is not held itself
  /** True once the first message that we may read is held. */
  complete = false;
  /** Why others before that one are not to be read, `retention` or `membership`; null when there are none, undefined when nobody has asked. */
  hidden = undefined;

  get length() { return this.#ordered.length; }
  get oldestSeq() { return this.#ordered[0]?.seq; }
  get newestSeq() { return this.#ordered.at(-1)?.seq ?? 0; }
  get(id) { return this.#byId.get(id); }

  /** Adds one message; false if it was known. */
  add(given) {
    if (this.#byId.has(given.id)) return false;
    let message = given;
    for (const change of this.#ahead.get(given.id) ?? []) message = change(message);
    this.#ahead.delete(given.id);
    this.#byId.set(given.id, message);
    let place = this.#ordered.length;
    while (place > 0 && this.#ordered[place - 1].seq > message.seq) place--;
    this.#ordered.splice(place, 0, message);
    return true;
  }

  /** A page of history; `complete` when nothing is before it. */
  addOlder(page, complete) {
    for (const message of page) this.add(message);
    this.#ahead.clear(); // a page that is asked for later has it
    this.complete = complete;
  }

  /** Lets go of all but the newest `count`; history can be asked again. */
  trim(count) {
    for (const message of this.#ordered.splice(0, this.#ordered.length - count)) this.#byId.delete(message.id);
    this.complete = false;
    this.hidden = undefined; // by then it may be different
  }

  edit(id, content) { this.#change(id, (old) => ({ ...old, content, is_edited: true })); }
  delete(id) { this.#change(id, (old) => ({ ...old, content: "", is_deleted: true, reactions: [] })); }
  react(id, key, user, on) { this.#change(id, (old) => ({ ...old, reactions: reacted(old.reactions, key, user, on) })); }

  /** The message that another answers: held, or kept for its quotation. */
  quoted(id) { return this.#byId.get(id) ?? this.#quoted.get(id); }
  quote(id, message) { this.#quoted.set(id, message); }

  /** The oldest of the last `count` messages of others, which is where unread ones begin. */
  firstUnread(count, me) {
    let found = null;
    for (let i = this.#ordered.length - 1; i >= 0 && count > 0; i--) {
      const { id, sender_id, is_deleted } = this.#ordered[i];
      if (sender_id === me.id || is_deleted) continue;
      found = id;
      count--;
    }
    return found;
  }

  /** My newest message that can still be edited. */
  lastOf(me) { return this.#ordered.findLast((message) => message.sender_id === me.id && !message.is_deleted); }

  /**
   * What is shown, top to bottom, of kind `start`, `day`, `unread`, `message` or `pending`. A message is `first` or
   * `last` of its group: one sender, one day, no five minutes of silence, no line between. `readers` have seen a message of
   * mine and none that I said later.
   */
  rows({ me, pending, unreadFrom, marks }) {
    const rows = [], readers = this.#readers(me, marks);
    if (this.complete) rows.push({ key: "start", kind: "start" });
    let before = null, row = null;
    const place = (key, kind, message, more) => {
      const { id, sender_id, created_at: at } = message, day = dayKey(at);
      const newDay = !before || dayKey(before.created_at) !== day, isUnread = id && id === unreadFrom;
      const first = newDay || isUnread || before.sender_id !== sender_id || Date.parse(at) - Date.parse(before.created_at) > groupWithin;
      if (row && first) row.last = true;
      if (newDay) rows.push({ key: `day-${day}`, kind: "day", at });
      if (isUnread) rows.push({ key: "unread", kind: "unread" });
      const quote = message.reply_to ? this.quoted(message.reply_to) ?? null : undefined;
      row = { key, kind, message, mine: sender_id === me.id, first, last: false, quote, readers: readers.get(id) ?? "", ...more };
      rows.push(row);
      before = message;
    };
    // A message of mine keeps the key it had while it was pending, so that its row stays the same row. A `client_id` is its
    // sender's alone, and some clients begin anew with theirs every day: the newest message has it.
    const mine = new Map();
    for (const { id, sender_id, client_id } of this.#ordered) if (client_id && sender_id === me.id) mine.set(client_id, id);
    for (const message of this.#ordered) {
      const { id, client_id } = message;
      place(mine.get(client_id) === id ? `c:${client_id}` : `m:${id}`, "message", message);
    }
    for (const { client_id: clientId, content, reply_to, created_at, state, error } of pending) {
      if (mine.has(clientId)) continue; // it is stored, and only its `ack` is still to come
      place(`c:${clientId}`, "pending", { sender_id: me.id, content, reply_to, created_at }, { clientId, state, error });
    }
    if (row) row.last = true;
    return rows;
  }

  /** Message -> the users, joined by commas so that they can be compared. */
  #readers(me, marks) {
    const found = new Map();
    let waiting = Object.keys(marks).filter((user) => user !== me.id);
    for (let i = this.#ordered.length - 1; i >= 0 && waiting.length > 0; i--) {
      const { id, seq, sender_id, is_deleted } = this.#ordered[i];
      if (sender_id !== me.id || is_deleted) continue;
      const seen = waiting.filter((user) => marks[user] >= seq);
      if (seen.length > 0) found.set(id, seen.join());
      waiting = waiting.filter((user) => marks[user] < seq);
    }
    return found;
  }

  #change(id, change) {
    const old = this.#byId.get(id);
    if (this.#quoted.has(id)) this.#quoted.set(id, change(this.#quoted.get(id)));
    if (!old) { this.#ahead.set(id, [...this.#ahead.get(id) ?? [], change]); return; }
    if (old.is_deleted) return;
    const message = change(old);
    this.#byId.set(id, message);
    this.#ordered[this.#ordered.lastIndexOf(old)] = message;
  }
}

/** One reaction more or less; said twice it is the same. */
function reacted(reactions, key, user, on) {
  const old = reactions.find((each) => each.key === key)?.user_ids ?? [];
  const user_ids = on ? [...old.filter((each) => each !== user), user] : old.filter((each) => each !== user);
  const news = { key, count: user_ids.length, user_ids };
  if (old.length === 0) return on ? [...reactions, news] : reactions;
  return reactions.map((each) => (each.key === key ? news : each)).filter(({ count }) => count > 0);
}
