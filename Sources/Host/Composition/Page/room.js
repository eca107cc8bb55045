// The conversation that is open: its messages, who is here, what has been seen.

import { $, announce, avatar, toast, el } from "./dom.js";
import { explain, listed, otherIn, titleOf, typingLine } from "./words.js";
import { messageOf } from "./book.js";
import { Timeline } from "./timeline.js";
import { Thread } from "./thread.js";
import { Composer } from "./composer.js";
import { confirm, showPeople } from "./dialogs.js";

const pageSize = 50;
const mostPages = 40; // that one jump loads
const typingShown = 6_000; // ms
const most = { held: 1000, kept: 400 }; // messages; a page may stay open for weeks

const drafts = new Map(); // what somebody began in a conversation, until the page is closed

export class Room {
  #chat;
  #book;
  #refused;
  #me;
  #timeline = new Timeline();
  #typers = new Map(); // user id -> { name, timer }
  #unreadFrom = null; // the id of the message below the line
  #unseen = 0;
  #asked = new Set(); // quoted messages that are on their way, or cannot be had
  #ready = false; // the first page is here
  #closed = false;
  #timers = {};
  #drawing = false;
  #animate = false;
  #thread;
  #composer;
  /** Why it cannot be read, or null. */
  refusal = null;

  /** `refused()`: there is a `refusal`, or none any more. */
  constructor(chat, book, id, refused) {
    this.id = id;
    this.#chat = chat;
    this.#book = book;
    this.#me = chat.user;
    this.#refused = refused;
    this.#thread = new Thread({
      older: () => this.#older(),
      moved: () => { this.#showLatest(); this.seen(); },
      answer: (message) => this.#composer.answer(message),
      react: (message, key, on) => this.#react(message, key, on),
      edit: (message) => this.#composer.edit(message),
      remove: (message) => this.#remove(message),
      jump: (messageId) => this.jump(messageId),
      retry: (clientId) => chat.retry(id, clientId),
      discard: (clientId) => { chat.discard(id, clientId); this.#composer.focus(); },
      leave: () => this.#composer.focus(),
    });
    this.#composer = new Composer({
      send: (text, answered) => this.#send(text, answered),
      save: (message, text) => this.#save(message, text),
      typing: (on) => chat.typing(id, on),
      editLast: () => { const message = this.#timeline.lastOf(this.#me); if (message) this.#composer.edit(message); },
    }, drafts.get(chat.user.id + id));
    $("room-people").onclick = () => { if (this.#conversation) showPeople(this.#conversation, this.#me, this.#present); };
    $("latest").onclick = () => { this.#thread.toEnd(); this.#composer.focus(); };
    $("composer-text").disabled = false;
    for (const part of ["title", "presence", "avatar"]) $(`room-${part}`).replaceChildren();
    this.#showTyping();
    this.#open();
    if (matchMedia("(hover: hover)").matches) this.#composer.focus(); else $("room-title").focus(); // a phone's keyboard would hide half of it
  }

  get #conversation() { return this.#book.get(this.id); }
  get #present() { return this.#book.present(this.id); }

  close() {
    this.#composer.close();
    this.#closed = true;
    drafts.set(this.#me.id + this.id, this.#composer.draft);
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#thread.close();
  }

  /** Somebody looks at the window: what is on the screen counts as read. */
  seen() {
    if (!this.#ready || this.refusal || !this.#isWatched()) return;
    this.#unseen = 0;
    this.#showLatest();
    this.#book.saw(this.id, this.#timeline.newestSeq);
  }

  #isWatched() { return !document.hidden && document.hasFocus() && this.#thread.atEnd; }

  // Opening

  async #open() {
    const timeline = this.#timeline, isCurrent = () => !this.#closed && timeline === this.#timeline;
    try {
      const conversation = this.#conversation ?? await this.#book.fetch(this.id);
      if (!isCurrent()) return;
      const unread = conversation.unread_count ?? 0, limit = Math.min(200, Math.max(pageSize, unread + 20));
      this.#showHead();
      const { items, next } = await this.#chat.messages(this.id, { limit });
      if (!isCurrent()) return;
      timeline.addOlder(items, next === null);
      this.#ready = true;
      if (unread > 0) this.#unreadFrom = timeline.firstUnread(unread, this.#me);
      this.#show();
      this.#thread.start();
      this.seen();
    } catch (error) {
      if (!isCurrent() || error.status === 401) return;
      if (error.status === 403 || error.status === 404) return this.#refuse(error);
      this.#thread.say(explain(error));
      this.#later("open", 4000, () => this.#open());
    }
  }

  /** What was known is void: the server begins anew, or has taken something away. */
  reset() {
    this.#unreadFrom = null;
    this.#timeline = new Timeline();
    this.#asked.clear();
    this.#unseen = 0;
    this.#ready = false;
    if (this.refusal) this.#refuse(null);
    this.#open();
  }

  /** No error: not any more. */
  #refuse(error) {
    this.refusal = error;
    $("composer-text").disabled = error !== null;
    this.#refused();
  }

  // What happens in it

  /** An event of this conversation, once the book has it. */
  take(type, event) {
    if (type === "message" || type === "sent") this.#arrived(messageOf(event));
    else if (type === "edited") this.#timeline.edit(event.message_id, event.content);
    else if (type === "deleted") this.#timeline.delete(event.message_id);
    else if (type === "reaction") this.#timeline.react(event.message_id, event.key, event.user_id, event.on);
    else if (type === "typing") return this.#typing(event.sender_id, event.on ? event.sender_username : null);
    else if (type === "gap") return this.reset();
    else if (type === "member" && !this.#conversation && this.#ready) return this.#refuse({ code: "not_a_member" });
    this.#showSoon(type === "message" || type === "sent");
  }

  /** Something may be different in the book. */
  look() {
    if (!this.#conversation) return;
    if (this.refusal) return this.reset(); // it is in the book: we were let in again
    this.#showHead();
    if ($("people").open) showPeople(this.#conversation, this.#me, this.#present);
    this.#showSoon();
  }

  #arrived(message) {
    if (!this.#timeline.add(message)) return;
    this.#typing(message.sender_id, null);
    if (this.#ready && message.sender_id === this.#me.id) this.#unreadFrom = null;
    else if (this.#ready && !message.is_deleted) {
      if (!this.#isWatched() && this.#unseen++ === 0) this.#unreadFrom = message.id;
      announce(`${message.sender_username}: ${message.content}`);
    }
    if (this.#timeline.length > most.held && this.#thread.atEnd) this.#timeline.trim(most.kept);
  }

  /** No name: not any more. */
  #typing(id, name) {
    clearTimeout(this.#typers.get(id)?.timer);
    this.#typers.delete(id);
    if (name && id !== this.#me.id) this.#typers.set(id, { name, timer: setTimeout(() => this.#typing(id, null), typingShown) });
    if (!this.#closed) this.#showTyping();
  }

  // What we do in it

  #send(text, answered) {
    this.#unreadFrom = null;
    this.#chat.send(this.id, text, { replyTo: answered?.id });
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
    this.#showSoon();
    return true;
  }

  async #react({ id }, key, on) {
    try {
      await this.#chat.react(id, key, on);
    } catch (error) {
      return toast(`Your reaction was not saved. ${explain(error)}`);
    }
    this.#timeline.react(id, key, this.#me.id, on);
    this.#showSoon();
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
    this.#showSoon();
  }

  async #older() {
    const timeline = this.#timeline;
    const { items, next } = await this.#chat.messages(this.id, { before: timeline.oldestSeq, limit: pageSize });
    if (this.#closed || timeline !== this.#timeline) return;
    timeline.addOlder(items, next === null);
    this.#show();
  }

  /** To a message, with all of the history down from it. */
  async jump(id) {
    try {
      for (let pages = 0; pages < mostPages && !this.#closed; pages++) {
        if (this.#ready && this.#thread.reveal(id)) return;
        if (this.#timeline.complete) break;
        if (this.#ready) await this.#older(); else await new Promise((again) => setTimeout(again, 100));
      }
    } catch (error) {
      return toast(explain(error));
    }
    if (!this.#closed) toast("That message is too far up, or is not there any more.");
  }

  /** Above the first message there is the beginning, or a gap: the log says which. By polls it cannot be asked. */
  #askBeginning() {
    const timeline = this.#timeline;
    if (!timeline.complete || timeline.hidden !== undefined || this.#chat.via !== "websocket") return;
    timeline.hidden = null;
    this.#chat.history(this.id, { before: 2, limit: 1 }).then(({ events: [first] }) => {
      if (first?.type !== "gap") return;
      timeline.hidden = first.reason;
      if (!this.#closed) this.#showSoon();
    }, (error) => { if (error.retryable) timeline.hidden = undefined; });
  }

  /** Quoted messages that are not held. */
  #askQuoted(rows) {
    const timeline = this.#timeline;
    for (const { quote, message } of rows) {
      const id = message?.reply_to;
      if (!id || quote || this.#asked.has(id)) continue;
      this.#asked.add(id);
      this.#chat.message(id).then((found) => {
        timeline.quote(id, found);
        if (!this.#closed) this.#showSoon();
      }, () => { /* gone, or from before we came: the line says that there was one */ });
    }
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
    const me = this.#me, conversation = this.#conversation;
    if (!this.#ready || !conversation) return;
    const rows = this.#timeline.rows({ me, pending: this.#chat.pending(this.id), unreadFrom: this.#unreadFrom, marks: conversation.read_marks });
    const people = conversation.participants, role = people.find(({ id }) => id === me.id)?.role;
    this.#thread.show(rows, {
      animate, me, people, complete: this.#timeline.complete, isPair: Boolean(otherIn(conversation, me)),
      moderates: role === "owner" || role === "admin", title: titleOf(conversation, me), begun: conversation.created_at,
      hidden: this.#timeline.hidden ?? (conversation.first_seq > 1 ? "retention" : null),
    });
    this.#askBeginning();
    this.#askQuoted(rows);
    this.#showLatest();
  }

  #showHead() {
    const conversation = this.#conversation, other = otherIn(conversation, this.#me), title = titleOf(conversation, this.#me);
    const here = conversation.participants.filter(({ id }) => id !== this.#me.id && this.#present.has(id)).map(({ username }) => username);
    $("room-title").textContent = title;
    $("room-avatar").replaceChildren(avatar(other?.id ?? conversation.id, title, { group: !other, present: other && here.length > 0 }));
    $("room-presence").classList.toggle("present", here.length > 0);
    if (other) $("room-presence").textContent = here.length > 0 ? "Online" : this.#chat.via === "websocket" ? "Offline" : "";
    else $("room-presence").textContent = `${conversation.participants.length} people${here.length > 0 ? `, ${listed(here)} online` : ""}`;
  }

  #showTyping() {
    const line = typingLine([...this.#typers.values()].map(({ name }) => name));
    $("typing").replaceChildren(line ? el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")) : "", line || "");
  }

  #showLatest() {
    $("latest").hidden = this.#thread.atEnd;
    $("latest-count").textContent = this.#unseen > 0 ? `${this.#unseen} new` : "";
  }

  #later(name, delay, act) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => { delete this.#timers[name]; if (!this.#closed) act(); }, delay);
  }
}
