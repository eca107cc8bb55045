// The conversation that is open: its messages, who is here, what has been seen.

import { $, announce, avatar, linkButton, toast, el } from "./dom.js";
import { explain, listed, otherIn, titleOf, typingLine } from "./words.js";
import { Timeline } from "./timeline.js";
import { Thread } from "./thread.js";
import { Composer } from "./composer.js";
import { confirm, showPeople } from "./dialogs.js";

const pageSize = 50;
const typingShown = 6_000; // ms
const most = { held: 1000, kept: 400 }; // messages; a page may stay open for weeks

const drafts = new Map(); // what somebody began in a conversation, until the page is closed

export class Room {
  #chat;
  #on;
  #me;
  #conversation;
  #timeline = new Timeline();
  #feed = null;
  #present = new Set();
  #typers = new Map(); // user id -> { name, timer }
  #unreadFrom = null; // the id of the message below the line
  #unseen = 0;
  #read = 0; // the server knows that we have seen up to this seq
  #ready = false; // the first page is here
  #closed = false;
  #timers = {};
  #drawing = false;
  #animate = false;
  #thread;
  #composer;

  /** `conversation` is missing after a reload. `on`: changed(conversation) · connection() */
  constructor(chat, id, conversation, on) {
    this.id = id;
    this.#chat = chat;
    this.#me = chat.user;
    this.#on = on;
    this.#thread = new Thread({
      older: () => this.#older(),
      moved: () => { this.#showLatest(); this.seen(); },
      edit: (message) => this.#composer.edit(message),
      remove: (message) => this.#remove(message),
      retry: (clientId) => this.#feed.retry(clientId),
      discard: (clientId) => { this.#feed.discard(clientId); this.#composer.focus(); },
      leave: () => this.#composer.focus(),
    });
    this.#composer = new Composer({
      send: (text) => this.#send(text),
      save: (message, text) => this.#save(message, text),
      typing: () => this.#feed?.typing(),
      editLast: () => { const message = this.#timeline.lastOf(this.#me); if (message) this.#composer.edit(message); },
    }, drafts.get(chat.user.id + id));
    $("room-people").onclick = () => { if (this.#conversation) showPeople(this.#conversation, this.#me, this.#present); };
    $("latest").onclick = () => { this.#thread.toEnd(); this.#composer.focus(); };
    $("composer-text").disabled = false;
    this.#banner("", "");
    for (const part of ["title", "presence", "avatar"]) $(`room-${part}`).replaceChildren();
    this.#showConnection();
    this.#showTyping();
    this.#open(conversation);
    if (matchMedia("(hover: hover)").matches) this.#composer.focus(); else $("room-title").focus(); // a phone's keyboard would hide half of it
  }

  get state() { return this.#feed?.state ?? "connecting"; }

  close() {
    this.#closed = true;
    drafts.set(this.#me.id + this.id, this.#composer.draft);
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#thread.close();
    this.#feed?.close();
  }

  /** What the server says of it, with what is known better here. */
  update(news) {
    const last = this.#conversation?.last_message;
    this.#conversation = { ...news, unread_count: this.#unseen };
    if (last?.seq > (news.last_message?.seq ?? 0)) this.#conversation.last_message = last;
    this.#showHead();
    return this.#conversation;
  }

  /** Somebody looks at the window: what is on the screen counts as read. */
  seen() {
    if (!this.#ready || !this.#isWatched()) return;
    this.#unseen = 0;
    this.#showLatest();
    if (this.#conversation.unread_count > 0) this.#amend({});
    if (this.#feed.seq > this.#read && !this.#timers.read) this.#later("read", 250, () => this.#markRead());
  }

  #isWatched() { return !document.hidden && document.hasFocus() && this.#thread.atEnd; }

  async #markRead() {
    const { seq } = this.#feed;
    if (this.state !== "live") return;
    try {
      await this.#chat.markRead(this.id, seq);
      this.#read = seq;
    } catch { /* the next look tries */ }
  }

  // Opening

  async #open(known) {
    try {
      const conversation = this.#conversation = known ?? await this.#chat.conversation(this.id);
      if (this.#closed) return;
      const unread = conversation.unread_count ?? 0, limit = Math.min(200, Math.max(pageSize, unread + 20));
      this.#showHead();
      if (!this.#feed) this.#follow(conversation.last_seq);
      const page = await this.#chat.messages(this.id, { limit });
      if (this.#closed) return;
      this.#timeline.addOlder(page, page.length < limit);
      this.#ready = true;
      if (unread > 0) this.#unreadFrom = this.#timeline.firstUnread(unread, this.#me);
      this.#show();
      this.#thread.start();
      this.#amend({});
      this.seen();
    } catch (error) {
      if (this.#closed || error.status === 401) return;
      if (error.status === 403 || error.status === 404) return this.#stopped(error);
      this.#thread.say(explain(error));
      this.#later("open", 4000, () => this.#open(known));
    }
  }

  #follow(after) {
    const feed = this.#feed = this.#chat.open(this.id, { after });
    const acts = {
      message: (message) => this.#arrived(message),
      sent: (message) => this.#arrived(message),
      edited: ({ id, content }) => { this.#timeline.edit(id, content); this.#altered(id); },
      deleted: ({ id }) => { this.#timeline.delete(id); this.#altered(id); },
      typing: ({ id, username }) => this.#typing(id, username),
      presence: ({ active }) => this.#presence(active),
      pending: () => this.#showSoon(),
      error: (error) => toast(explain(error)),
      reset: () => this.#reset(),
      state: () => {
        if (feed.state !== "live") this.#presence([]);
        if (feed.state === "stopped") this.#stopped(feed.reason); else this.#showConnection();
        this.#on.connection();
      },
    };
    for (const [type, act] of Object.entries(acts)) feed.addEventListener(type, ({ detail }) => { if (!this.#closed) act(detail); });
    this.#showConnection();
    this.#on.connection();
  }

  #reset() {
    this.#feed.abandon();
    this.#feed = this.#unreadFrom = null;
    this.#timeline = new Timeline();
    this.#unseen = this.#read = 0;
    this.#ready = false;
    this.#open();
  }

  #stopped(error) {
    this.#banner("stopped", explain(error));
    $("composer-text").disabled = true;
  }

  // What happens in it

  #arrived(message) {
    if (!this.#timeline.add(message)) return;
    this.#typing(message.sender_id, null);
    if (this.#ready && message.sender_id === this.#me.id) this.#unreadFrom = null;
    else if (this.#ready && !message.is_deleted) {
      if (!this.#isWatched() && this.#unseen++ === 0) this.#unreadFrom = message.id;
      announce(`${message.sender_username}: ${message.content}`);
    }
    if (this.#timeline.length > most.held && this.#thread.atEnd) this.#timeline.trim(most.kept);
    if (message.seq > (this.#conversation.last_message?.seq ?? 0)) this.#amend({ last_message: message });
    this.#showSoon(true);
  }

  #altered(id) {
    const message = this.#timeline.get(id);
    if (message && this.#conversation.last_message?.id === id) this.#amend({ last_message: message });
    this.#showSoon();
  }

  #amend(news) {
    this.#conversation = { ...this.#conversation, ...news, unread_count: this.#unseen };
    this.#on.changed(this.#conversation);
  }

  #presence(active) {
    this.#present = new Set(active);
    for (const typer of this.#typers.keys()) if (!this.#present.has(typer)) this.#typing(typer, null);
    this.#showHead();
    if ($("people").open) showPeople(this.#conversation, this.#me, this.#present);
  }

  /** No name: not any more. */
  #typing(id, name) {
    clearTimeout(this.#typers.get(id)?.timer);
    this.#typers.delete(id);
    if (name && id !== this.#me.id) this.#typers.set(id, { name, timer: setTimeout(() => this.#typing(id, null), typingShown) });
    if (!this.#closed) this.#showTyping();
  }

  // What we do in it

  #send(text) {
    if (!this.#feed) { // after a reload, for a moment
      $("composer-text").value = text;
      return toast("Still opening the conversation. Try again in a moment.");
    }
    this.#unreadFrom = null;
    this.#feed.send(text);
    this.#show(true);
    this.#thread.toEnd();
  }

  async #save({ id }, text) {
    try {
      await this.#chat.edit(id, text);
    } catch (error) {
      toast(`Your edit was not saved. ${explain(error)}`);
      return false;
    }
    this.#timeline.edit(id, text);
    this.#altered(id);
    return true;
  }

  async #remove({ id }) {
    const sure = await confirm("Delete this message?", "It disappears for everyone in the conversation.", "Delete");
    this.#composer.focus();
    if (!sure) return;
    try {
      await this.#chat.delete(id);
    } catch (error) {
      if (error.code !== "unknown_message") return toast(`The message was not deleted. ${explain(error)}`);
    }
    this.#timeline.delete(id);
    this.#altered(id);
  }

  async #older() {
    const timeline = this.#timeline;
    const page = await this.#chat.messages(this.id, { before: timeline.oldestSeq, limit: pageSize });
    if (this.#closed || timeline !== this.#timeline) return;
    timeline.addOlder(page, page.length < pageSize);
    this.#show();
  }

  // What is shown

  /** Once a frame, however much happened. */
  #showSoon(animate = false) {
    this.#animate ||= animate;
    if (this.#drawing) return;
    this.#drawing = true;
    const draw = () => {
      this.#drawing = false;
      if (this.#closed) return;
      this.#show(this.#animate);
      this.#animate = false;
      this.seen();
    };
    if (document.hidden) setTimeout(draw); else requestAnimationFrame(draw);
  }

  #show(animate = false) {
    if (!this.#ready) return;
    const me = this.#me, conversation = this.#conversation;
    const rows = this.#timeline.rows({ me, pending: this.#feed.pending, unreadFrom: this.#unreadFrom });
    const role = conversation.participants.find(({ id }) => id === me.id)?.role;
    this.#thread.show(rows, {
      animate, complete: this.#timeline.complete, isPair: Boolean(otherIn(conversation, me)),
      moderates: role === "owner" || role === "admin", title: titleOf(conversation, me), begun: conversation.created_at,
    });
    this.#showLatest();
  }

  #showHead() {
    const conversation = this.#conversation, other = otherIn(conversation, this.#me), title = titleOf(conversation, this.#me);
    const here = conversation.participants.filter(({ id }) => id !== this.#me.id && this.#present.has(id)).map(({ username }) => username);
    $("room-title").textContent = title;
    $("room-avatar").replaceChildren(avatar(other?.id ?? conversation.id, title, { group: !other, present: other && here.length > 0 }));
    $("room-presence").classList.toggle("present", here.length > 0);
    if (other) $("room-presence").textContent = here.length > 0 ? "Here now" : this.state === "live" ? "Not here" : "";
    else $("room-presence").textContent = `${conversation.participants.length} people${here.length > 0 ? `, ${listed(here)} here now` : ""}`;
  }

  #showTyping() {
    const line = typingLine([...this.#typers.values()].map(({ name }) => name));
    $("typing").replaceChildren(line ? el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")) : "", line || "");
  }

  #showLatest() {
    $("latest").hidden = this.#thread.atEnd;
    $("latest-count").textContent = this.#unseen > 0 ? `${this.#unseen} new` : "";
  }

  #showConnection() {
    const { state } = this, was = $("connection").dataset.state;
    clearTimeout(this.#timers.connection);
    if (state === "offline") this.#banner(state, "You are offline. What you write is sent when you are back.");
    else if (state === "waiting") this.#banner(state, "Connection lost. Reconnecting…", linkButton("Try now", () => this.#chat.wake()));
    else if (state === "connecting" && !was) this.#later("connection", 1000, () => this.#banner(state, "Connecting…"));
    else if (state === "live") this.#banner("", "");
  }

  #banner(state, words, button = "") {
    $("connection").dataset.state = state;
    $("connection").replaceChildren(words ? el("p", {}, words, button) : "");
  }

  #later(name, delay, act) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => { delete this.#timers[name]; if (!this.#closed) act(); }, delay);
  }
}
