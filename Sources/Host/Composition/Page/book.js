// The conversations as they stand: a snapshot, and what has happened since. No DOM.

const tellAfter = 250, tellAgain = 4_000; // ms until the server hears of what was seen; and again, when it could not take it

export class Book {
  #chat;
  #changed;
  #byId = new Map();
  #present = new Map(); // conversation -> the users who are connected
  #asked = new Map(); // conversation -> a promise of how it stands, and the events that came meanwhile
  #untold = new Map(); // conversation -> the seq up to which we have seen it, until the server has taken that
  #telling = null; // a timer
  #next = null;
  isLoaded = false;
  /** There are older ones, which `more()` brings. */
  hasMore = false;

  /** `changed()`: something is different from what was shown. */
  constructor(chat, changed) {
    this.#chat = chat;
    this.#changed = changed;
    chat.addEventListener("snapshot", ({ detail }) => this.#begin(detail));
    for (const type of ["message", "edited", "deleted", "reaction", "member", "conversation", "read", "gap"]) {
      chat.addEventListener(type, ({ detail }) => this.#take(detail));
    }
    chat.addEventListener("presence", ({ detail }) => {
      this.#present.set(detail.conversation_id, new Set(detail.active_users));
      changed();
    });
    chat.addEventListener("state", () => {
      if (chat.state === "live") this.#tellSoon(); else this.#present.clear();
      changed();
    });
  }

  get(id) { return this.#byId.get(id); }
  present(id) { return this.#present.get(id) ?? new Set(); }

  /** Newest activity first. */
  all() { return [...this.#byId.values()].sort((a, b) => (activity(a) < activity(b) ? 1 : -1)); }

  clear() {
    for (const each of [this.#byId, this.#present, this.#asked]) each.clear();
    this.#untold = new Map();
    this.#next = null;
    this.isLoaded = this.hasMore = false;
  }

  /** How one stands, by the server. */
  async fetch(id) {
    const asked = this.#asked.get(id) ?? { events: [] };
    if (!asked.promise) {
      this.#asked.set(id, asked);
      asked.promise = this.#chat.snapshot([id]).finally(() => { if (this.#asked.get(id) === asked) this.#asked.delete(id); });
      asked.promise = asked.promise.then(([conversation]) => {
        this.#set(conversation);
        for (const event of asked.events) this.#take(event);
      });
    }
    await asked.promise;
    return this.get(id);
  }

  /** One that we have just made. */
  add(conversation) { if (!this.#byId.has(conversation.id)) this.#set(conversation); }

  /** The list beyond the snapshot, a page at a time. */
  async more() {
    let isNew = false;
    while (this.hasMore && !isNew) {
      const { items, next } = await this.#chat.conversations({ limit: 100, ...(this.#next && { next: this.#next }) });
      this.#next = next;
      this.hasMore = next !== null;
      for (const each of items) {
        if (this.#byId.has(each.id)) continue;
        isNew = true;
        this.#byId.set(each.id, { read_marks: {}, ...each });
      }
    }
    this.#changed();
  }

  /** We have seen everything up to `seq`. The server hears of it when it can, whatever is looked at by then. */
  saw(id, seq) {
    const known = this.get(id), me = this.#chat.user.id;
    if (!known) return;
    const isNews = seq > (known.read_marks[me] ?? 0);
    if (isNews || known.unread_count > 0) this.#amend(known, { unread_count: 0, read_marks: marked(known, me, seq) });
    if (!isNews) return;
    this.#untold.set(id, seq);
    this.#tellSoon();
  }

  /** Without a connection it waits for one. */
  #tellSoon(delay = tellAfter) {
    if (this.#chat.state === "live") this.#telling ??= setTimeout(() => { this.#telling = null; this.#tell(); }, delay);
  }

  async #tell() {
    const untold = this.#untold;
    for (const [id, seq] of untold) {
      if (untold !== this.#untold || this.#chat.state !== "live") return;
      try {
        await this.#chat.read(id, seq);
      } catch (error) {
        if (error.retryable) return this.#tellSoon(Math.max(error.retryAfter, tellAgain));
      }
      if (untold.get(id) === seq) untold.delete(id); // taken; or refused: it is not ours to read any more
    }
  }

  #begin({ conversations, more }) {
    this.clear();
    this.isLoaded = true;
    this.hasMore = more;
    for (const each of conversations) this.#byId.set(each.id, { read_marks: {}, ...each });
    this.#changed();
  }

  #set(conversation) {
    this.#byId.set(conversation.id, { read_marks: {}, ...conversation });
    this.#changed();
  }

  #amend(known, news) {
    this.#byId.set(known.id, { ...known, ...news });
    this.#changed();
  }

  /** What cannot be counted from here is asked. */
  #askAgain(id) { this.fetch(id).catch(() => { /* the next event or snapshot will do */ }); }

  #take(event) {
    const { conversation_id: id, seq } = event, known = this.get(id), me = this.#chat.user.id;
    this.#asked.get(id)?.events.push(event);
    const isGone = event.type === "member" && event.user_id === me && ["removed", "left"].includes(event.action);
    if (isGone && known && seq > known.last_seq) {
      this.#byId.delete(id);
      this.#present.delete(id);
      return this.#changed();
    }
    if (!known) return isGone || this.#asked.has(id) || this.#askAgain(id);
    if (event.type === "gap") return this.#askAgain(id);
    if (event.type === "read") return this.#read(known, event);
    if (seq <= known.last_seq) return; // the snapshot has it
    const last = known.last_message, isLast = last?.id === event.message_id, news = { last_seq: seq };
    if (event.type === "message") {
      const isMine = event.sender_id === me;
      Object.assign(news, { last_message: messageOf(event), updated_at: event.timestamp, read_marks: marked(known, event.sender_id, seq) });
      if (isMine) news.unread_count = 0; // the server moves the mark of whoever speaks, and says nothing of it
      else if (!event.is_deleted) news.unread_count = known.unread_count + 1;
    } else if (event.type === "edited" && isLast) {
      news.last_message = { ...last, content: event.content, is_edited: true };
    } else if (event.type === "deleted") {
      if (isLast) news.last_message = { ...last, content: "", is_deleted: true };
      if (known.unread_count > 0) this.#askAgain(id); // was it one of those?
    } else if (event.type === "conversation") {
      Object.assign(news, { name: event.name, description: event.description });
    } else if (event.type === "member") {
      const others = known.participants.filter((each) => each.id !== event.user_id);
      news.participants = ["removed", "left"].includes(event.action) ? others : [...others, { id: event.user_id, username: event.username, role: event.role }];
    }
    this.#amend(known, news);
  }

  /** A mark carries no number and only moves forward. */
  #read(known, { user_id, read_seq }) {
    if (known.read_marks[user_id] >= read_seq) return;
    const isMine = user_id === this.#chat.user.id, isAll = read_seq >= (known.last_message?.seq ?? 0);
    this.#amend(known, { read_marks: marked(known, user_id, read_seq), ...(isMine && isAll && { unread_count: 0 }) });
    if (isMine && !isAll && known.unread_count > 0) this.#askAgain(known.id);
  }
}

const marked = ({ read_marks }, user, seq) => ({ ...read_marks, [user]: Math.max(seq, read_marks[user] ?? 0) });

const activity = ({ last_message, updated_at = "", created_at }) => [last_message?.created_at ?? created_at, updated_at].sort().at(-1);

/** A `message` event in the shape of REST's Message. */
export function messageOf({ message_id: id, conversation_id, sender_id, sender_username, content, timestamp: created_at, seq, client_id, reply_to = null, is_deleted = false }) {
  return { id, conversation_id, sender_id, sender_username, content, is_edited: false, is_deleted, created_at, seq, client_id, reply_to, reactions: [] };
}
